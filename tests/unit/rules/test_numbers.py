import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dispatcher.model.reasons import Code
from dispatcher.rules.numbers import NumberFault, candidate_zones, normalise


@pytest.mark.parametrize(
    ("number", "e164"),
    [
        ("+12125550100", "+12125550100"),
        ("+1 (212) 555-0100", "+12125550100"),
        ("+1.212.555.0100", "+12125550100"),
        (" +44 20 7946 0018 ", "+442079460018"),
        ("+44 (0)20 7946 0018", "+442079460018"),
        ("+39 06 1234 5678", "+390612345678"),
        # In no range that is known to be assigned, but possible.
        ("+447700900123", "+447700900123"),
    ],
)
def test_an_international_number_becomes_e164(number: str, e164: str) -> None:
    assert normalise(number) == e164


@pytest.mark.parametrize("number", [None, ""])
def test_a_missing_number_is_a_fault(number: object) -> None:
    with pytest.raises(NumberFault, match=r"^there is no number to call$") as fault:
        normalise(number)
    assert fault.value.code is Code.NUMBER_INVALID


@pytest.mark.parametrize("number", [12125550100, 1.5, True, [], {}, ["+12125550100"], b"+12125550100"])
def test_what_is_no_text_is_a_fault(number: object) -> None:
    with pytest.raises(NumberFault, match="not text in international form"):
        normalise(number)


@pytest.mark.parametrize(
    "number",
    [
        "2125550100",
        "12125550100",
        "0012125550100",
        "020 7946 0018",
        "+1 212 555 0100 ext 5",
        "+12125550100;ext=5",
        "+1 800 FLOWERS",
        "tel:+12125550100",
        "++12125550100",
        "+",
        "+ 1 212 555 0100",
        "(+1) 212 555 0100",
        " ",
        "+1212555\u0660\u0661\u0660\u0660",
        "\uff0b12125550100",
        "+12125550100\n",
        "+1212\u00a05550100",
        "+1,2125550100",
        "+12125550100/+12125550101",
        "+1" + " " * 1000 + "2125550100",
        "+" + "1" * 1_000_000,
        "sip:a@b",
        "\ud800",
    ],
    ids=lambda number: repr(number)[:24],
)
def test_a_number_in_another_form_is_a_fault(number: str) -> None:
    with pytest.raises(NumberFault, match="not in international form"):
        normalise(number)


@pytest.mark.parametrize("number", ["+1", "+1-", "+0123456789", "+99912345678", "+44(0)", "+123456789012345678901"])
def test_a_number_of_no_country_is_a_fault(number: str) -> None:
    with pytest.raises(NumberFault, match="unknown country code or an impossible length"):
        normalise(number)


@pytest.mark.parametrize("number", ["+1 911", "+1 555 0100", "+1 212 555 010", "+1 212 555 01000", "+44 12"])
def test_a_number_of_an_impossible_length_or_without_its_area_is_a_fault(number: str) -> None:
    with pytest.raises(NumberFault, match="a length that its country does not use"):
        normalise(number)


def test_a_fault_does_not_repeat_the_number() -> None:
    with pytest.raises(NumberFault) as fault:
        normalise("0171 4567890")
    assert "4567890" not in fault.value.detail


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="+0123456789 ().-x\u0661", max_size=20) | st.from_regex(r"\+[1-9][0-9]{5,14}", fullmatch=True))
def test_whatever_text_comes_is_e164_or_a_fault(text: str) -> None:
    try:
        e164 = normalise(text)
    except NumberFault:
        return
    assert normalise(e164) == e164
    assert e164[0] == "+"
    assert e164[1:].isascii()
    assert e164[1:].isdecimal()
    candidate_zones(e164)


def _told(text: str) -> str:
    try:
        return normalise(text)
    except NumberFault as fault:
        return fault.detail


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)),
    st.sampled_from(["", "0", "00", "1", "8", "15", "06"]),
    st.from_regex(r"[0-9]{3,12}", fullmatch=True),
)
@example(44, "0", "2079460018")  # a prefix that is dialled within the country
@example(1, "1", "2125550100")
@example(39, "0", "612345678")  # a nought that is part of the number
@example(54, "15", "91123456789")
def test_a_number_is_the_same_whether_or_not_its_look_is_enough_to_tell(country: int, start: str, rest: str) -> None:
    text = f"+{country}{start}{rest}"
    assert _told(text) == _told(text + " ")


@pytest.mark.parametrize(
    ("e164", "zones"),
    [
        ("+12125550100", ("America/New_York",)),
        ("+442079460018", ("Europe/London",)),
        ("+447700900123", ()),
        ("+19115550100", ()),
        ("+80012345678", ()),
        ("+870773111632", ()),
    ],
)
def test_a_number_tells_its_zone_or_none(e164: str, zones: tuple[str, ...]) -> None:
    assert candidate_zones(e164) == zones


def test_a_number_that_may_be_anywhere_tells_all_zones() -> None:
    assert {"Australia/Perth", "Australia/Sydney"} <= set(candidate_zones("+61491570156"))
    assert len(candidate_zones("+18005550199")) > 30
