import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.rules.number_file import HeadingError, Line, read

ANN, BOB = "+12125550100", "+442079460018"


def numbers(text: str, column: str | None = None) -> list[str | None]:
    return [line.number for line in read(text.splitlines(keepends=True), column)]


def test_a_number_a_line_is_read_in_any_spelling_that_may_be_dialled() -> None:
    assert numbers("+1 212 555 0100\r\n\n  +44 (20) 7946-0018 \n") == [ANN, BOB]


def test_comments_blank_lines_and_a_byte_order_mark_are_left_out() -> None:
    assert list(read(["\ufeff# opt-outs\n", " \n", "\ufeff+12125550100\n"])) == [Line(3, ANN)]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_is_read_by_its_heading_with_the_reasons(separator: str) -> None:
    rows = [["Name", "Phone Number", "Reason"], ["Ann", ANN, "mail"], ["Bob", BOB, " "], ["Cy", ANN]]
    lines = list(read([separator.join(row) + "\n" for row in rows]))
    assert lines == [Line(2, ANN, "mail"), Line(3, BOB), Line(4, ANN)]


def test_a_column_is_found_by_its_name_however_it_is_written() -> None:
    assert numbers(f"phone,Home-Number\n{ANN},{BOB}\n", "home number") == [BOB]


def test_a_column_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(HeadingError, match="no column 'Mobil': the first line has 'name', 'phone'"):
        numbers(f"name,phone\nAnn,{ANN}\n", "Mobil")


def test_without_a_heading_the_numbers_stand_first() -> None:
    assert numbers(f"{ANN},Ann\n{BOB},Bob\n") == [ANN, BOB]


def test_a_first_line_that_is_no_heading_is_read_like_the_others() -> None:
    [first, second] = read([f"Ann {ANN}\n", BOB])
    assert (first.number, second.number) == (None, BOB)
    assert first.refused == "the number is not in international form such as '+12125550100'"


def test_a_refused_line_is_told_by_its_place_and_not_by_what_it_holds() -> None:
    [line] = read(["\n", "212-555-0199\n"])
    assert line.place == 2
    assert line.refused is not None
    assert "0199" not in line.refused


def test_a_line_with_too_few_columns_is_refused() -> None:
    [short, good] = read(["name;phone\n", "Ann\n", f"Bob;{BOB}\n"])
    assert (short.refused, good.number) == ("the line has too few columns", BOB)


def test_a_quotation_mark_that_is_never_closed_spoils_one_line() -> None:
    [spoiled, good] = read(["name,phone\n", f'"Ann,{ANN}\n', f"Bob,{BOB}\n"])
    assert (spoiled.number, good.number) == (None, BOB)


def test_a_cell_of_a_megabyte_spoils_one_line() -> None:
    [spoiled, good] = read(["name,phone\n", f"{'x' * 1_000_000},{ANN}\n", f"Bob,{BOB}\n"])
    assert (spoiled.number, good.number) == (None, BOB)


def test_an_empty_file_says_nothing() -> None:
    assert list(read([])) == []


@given(st.lists(st.text()))
def test_whatever_a_file_holds_each_line_is_a_number_or_refused(lines: list[str]) -> None:
    for line in read(lines):
        assert (line.number is None) is (line.refused is not None)
