from typing import Any

import pytest

from dispatcher.rules.file_records import Record, Records


def read(text: str) -> list[Record]:
    return list(Records(text.splitlines(keepends=True)))


def fields(text: str) -> list[Any]:
    return [dict(record.fields) for record in read(text)]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_rows_are_told_by_the_names_of_the_heading(separator: str) -> None:
    text = "a,b\n1,2\n3,4\n".replace(",", separator)
    assert fields(text) == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


def test_a_row_keeps_its_place_and_its_text() -> None:
    records = Records(["\ufeffa,b\r\n", "\n", "1,2\r\n", '3,"4\n', '5"\n', "6,7"])
    assert [(one.place, one.text) for one in records] == [(3, "1,2\r\n"), (4, '3,"4\n5"\n'), (6, "6,7")]
    assert (records.heading, records.names) == ("a,b\r\n", ["a", "b"])


def test_a_row_may_lack_its_last_columns() -> None:
    assert fields("a,b,c\n1\n") == [{"a": "1"}]


def test_blank_rows_are_left_out() -> None:
    assert fields("\n\na,b\n,\n  \n1,2\n") == [{"a": "1", "b": "2"}]


def test_a_row_of_more_columns_than_the_heading_is_told() -> None:
    [record, blanks] = read("a,b\n1,be brief, please\n1,2,, \n")
    assert "3 columns, and the heading 2" in str(record.fault)
    assert blanks.fault is None


@pytest.mark.parametrize("row", ['1,"never closed\n', '1,"closed" and on\n'])
def test_a_quotation_mark_that_does_not_fit_spoils_its_own_line_only(row: str) -> None:
    records = read(f"a,b\n{row}3,4\n5,6\n")
    assert [(one.place, one.fault is None) for one in records] == [(2, False), (3, True), (4, True)]
    assert records[0].text == row
    assert records[1].fields == {"a": "3", "b": "4"}


def test_a_mark_that_is_not_closed_for_very_long_is_none() -> None:
    rows = "".join(f"{place},x\n" for place in range(1000))
    records = read(f'a,b\n1,"open\n{rows}2,"\n')
    assert [one.place for one in records if one.fault is not None] == [2, 1003]
    assert len(records) == 1002


def test_a_mark_within_a_word_is_a_letter() -> None:
    assert fields('a,b\n1,a 5" pipe\n') == [{"a": "1", "b": 'a 5" pipe'}]


def test_json_objects_are_read_one_a_line() -> None:
    text = '\n{"a": 1}\n\n{"a": {"b": [2]}}\n'
    assert fields(text) == [{"a": 1}, {"a": {"b": [2]}}]
    assert [one.place for one in read(text)] == [2, 4]
    assert Records(text.splitlines()).heading is None


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("[1, 2]", "it is a list of 2, not an object"),
        ("{1}", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        (f'{{"a": {"1" * 5000}}}', "it is not JSON"),
    ],
)
def test_what_is_no_object_is_told_and_the_rest_is_read(line: str, fault: str) -> None:
    [_, bad, good] = read(f'{{"a": 1}}\n{line}\n{{"a": 2}}\n')
    assert (bad.place, bad.fault) == (2, fault)
    assert good.fields == {"a": 2}


def test_a_file_of_nothing_has_nothing() -> None:
    assert read("") == read("\n \n") == []


def test_a_file_of_nothing_but_a_heading_has_no_record() -> None:
    assert read("a,b\n") == []
