from collections import Counter

import pytest

from dispatcher.cli.tables import Page, printable

LONG = "a campaign's name that is much longer than any terminal is wide, " * 5


def test_nothing_is_cut_off_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Page().table(["name", "number"], [(LONG, 7)])

    shown = capsys.readouterr().out
    assert LONG.strip() in shown
    assert "…" not in shown


def test_numbers_stand_to_the_right_and_nothing_is_a_dash(capsys: pytest.CaptureFixture[str]) -> None:
    Page().table(["n", "m"], [(7, None), (700, "x")])

    _, _, first, second = capsys.readouterr().out.splitlines()
    assert first.split() == ["7", "-"]
    assert first.index("7") == second.index("700") + 2


def test_markup_from_outside_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    page = Page()
    page.table(["name"], [("[bold]Spring[/bold] :smile:",)])
    page.line("[red]a[/red]")

    shown = capsys.readouterr().out
    assert "[bold]Spring[/bold] :smile:" in shown
    assert "[red]a[/red]" in shown


def test_no_character_from_outside_steers_the_terminal() -> None:
    assert printable("a\x1b[2Jb\rc\u202ed") == "a�[2Jb�c�d"


def test_ids_are_as_long_as_it_takes_to_tell_them_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dispatcher.cli.tables._UNBOUNDED", 80)

    ids = Page().ids(["order_9z8y7x", "order_9z8y8x", "8f3a91b2-c4d5", "phone"])

    assert ids == {
        "order_9z8y7x": "order_9z8y7",
        "order_9z8y8x": "order_9z8y8",
        "8f3a91b2-c4d5": "8f3a91b2",
        "phone": "phone",
    }


def test_ids_are_whole_where_there_is_room() -> None:
    assert Page().ids(["8f3a91b2-c4d5"]) == {"8f3a91b2-c4d5": "8f3a91b2-c4d5"}


def test_a_column_without_any_value_stands_to_the_left(capsys: pytest.CaptureFixture[str]) -> None:
    Page().table(["a long heading"], [(None,)])

    assert capsys.readouterr().out.splitlines()[2].startswith("-")


@pytest.mark.parametrize("width", [60, 26])
def test_where_there_is_little_room_sentences_are_folded_before_words_and_nothing_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> None:
    monkeypatch.setattr("dispatcher.cli.tables._UNBOUNDED", width)
    Page().table(["id", "name", "code"], [("8f3a91b2", LONG, "campaign_not_outbound")])

    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= width
    _, _, rows = shown.partition("─\n")
    assert Counter("".join(rows.split())) == Counter(f"8f3a91b2{LONG.replace(' ', '')}campaign_not_outbound")
    assert ("campaign_not_outbound" in shown) == (width == 60)
