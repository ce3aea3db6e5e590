import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.rules.number_file import HeadingError
from dispatcher.rules.order_file import Line, OrderFile, Wanted

PARIS, LONDON = "+33612345678", "+442079460018"


def read(text: str) -> list[Line]:
    return list(OrderFile(text.splitlines(keepends=True)))


def refusals(text: str) -> dict[int, str]:
    return {line.place: line.refused for line in read(text) if line.refused is not None}


def one(**fields: Any) -> Line:
    [line] = read(json.dumps({"phoneNumber": PARIS} | fields))
    return line


def test_a_line_gives_all_that_is_known_of_an_order() -> None:
    [line] = read(
        "phoneNumber,name,country,instructions,scheduledTime,id\n"
        '+33 6 12 34 56 78,Ann,fr,"Ask for ""Bob"", please",2026-11-02T09:00+01:00,17\n'
    )
    assert line.wanted == Wanted(
        PARIS, "Ann", "FR", 'Ask for "Bob", please', datetime(2026, 11, 2, 8, tzinfo=UTC), "17"
    )


def test_nothing_but_the_number_is_needed() -> None:
    assert [line.wanted for line in read(f"phoneNumber,name\n{PARIS}, \n")] == [Wanted(PARIS)]
    assert one(name=None, id="", country=None).wanted == Wanted(PARIS)


@pytest.mark.parametrize("name", ["phoneNumber", "phone_number", "Phone Number", "number", "Mobile", "E164", "to"])
def test_a_column_is_known_by_the_usual_names(name: str) -> None:
    assert [line.wanted for line in read(f"{name}\n{PARIS}\n")] == [Wanted(PARIS)]


def test_of_several_names_for_a_field_the_first_that_holds_anything_counts() -> None:
    lines = read(f"uuid,id,mobile,phone\nu1,,,{PARIS}\nu2,i2,{LONDON},\n")
    assert [line.wanted for line in lines] == [Wanted(PARIS, id="u1"), Wanted(LONDON, id="i2")]


@pytest.mark.parametrize(("value", "found"), [("17", "17"), (17, "17"), (" a b ", "a b")])
def test_an_id_is_text_or_a_whole_number(value: object, found: str) -> None:
    assert one(id=value).wanted == Wanted(PARIS, id=found)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"phoneNumber": "0612345678"}, "not in international form"),
        ({"phoneNumber": 33612345678}, "not text in international form"),
        ({"phoneNumber": " "}, "no number to call"),
        ({"country": "France"}, "no code of two letters"),
        ({"scheduledTime": "tomorrow"}, "no time in ISO 8601"),
        ({"scheduledTime": "0001-01-01T00:00+14:00"}, "no time in ISO 8601"),
        ({"scheduledTime": 1762074000}, "time is not text"),
        ({"name": ["Ann"]}, "name is not text"),
        ({"instructions": "a\0b"}, "instructions is not text in UTF-8"),
        ({"name": "\ud800"}, "name is not text in UTF-8"),
        ({"id": True}, "id is not text"),
        ({"id": 1.5}, "id is not text"),
        ({"id": "x" * 201}, "longer than 200"),
        ({"id": "a\nb"}, "not printable"),
    ],
)
def test_a_line_that_cannot_be_an_order_is_refused_with_its_reason(fields: dict[str, Any], why: str) -> None:
    line = one(**fields)
    assert line.wanted is None
    assert why in str(line.refused)


def test_a_time_without_an_offset_is_utc_as_the_platforms_are() -> None:
    wanted = one(scheduledTime="2026-11-02T09:00").wanted
    assert wanted is not None
    assert wanted.scheduled_at == datetime(2026, 11, 2, 9, tzinfo=UTC)


def test_a_number_or_an_id_that_stands_there_twice_is_refused_the_second_time() -> None:
    text = f"phoneNumber,id\n{PARIS},1\n+33 6 12 34 56 78,2\n{LONDON},1\n{LONDON},3\n"
    assert refusals(text) == {3: "its number stands in line 2 too", 4: "its id stands in line 2 too"}


def test_a_refused_line_does_not_stand_in_the_way_of_the_one_that_mends_it() -> None:
    text = f"phoneNumber,id,country\n{PARIS},1,France\n{PARIS},1,FR\n"
    assert list(refusals(text)) == [2]


def test_an_id_is_no_number() -> None:
    assert refusals(f"phoneNumber,id\n{PARIS},{LONDON}\n{LONDON},{PARIS}\n") == {}


def test_what_a_record_lacks_to_be_read_refuses_its_line() -> None:
    assert list(refusals(f'phoneNumber,name\n{PARIS},"Ann\n{LONDON},Bob\n')) == [2]


def test_columns_that_mean_nothing_are_told() -> None:
    file = OrderFile([f'{{"phoneNumber": "{PARIS}", "email": 1}}\n', f'{{"to": "{LONDON}", "Email": 2, "vip": 3}}\n'])
    assert len(list(file)) == 2
    assert list(file.ignored) == ["email", "Email", "vip"]


@pytest.mark.parametrize("heading", ["name,country", f"{PARIS}", "name"])
def test_a_heading_without_a_number_is_wrong(heading: str) -> None:
    with pytest.raises(HeadingError, match="call one phoneNumber"):
        OrderFile([f"{heading}\n"])


def test_an_empty_file_asks_for_nothing() -> None:
    assert read("") == []


@given(st.lists(st.text(alphabet=st.characters() | st.sampled_from('",;\n{}')), max_size=8))
def test_whatever_a_file_holds_each_line_is_an_order_or_refused(lines: list[str]) -> None:
    for line in OrderFile(["phoneNumber,name\n", *(f"{line}\n" for line in lines)]):
        assert (line.wanted is None) == (line.refused is not None)
        assert line.place > 1
        assert line.text
