import zoneinfo
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest
import tzdata  # it ships none

from dispatcher.model.reasons import Code
from dispatcher.rules import offsets, zones
from dispatcher.rules.offsets import stretch
from dispatcher.rules.zones import Source, ZoneFault, names, source, use_newest, zone

PACKAGE = Source(tzdata.IANA_VERSION, "package")
Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Put a system's copy of the database in place, in which London is said to be what Tokyo is."""

    def put(**texts: str) -> Path:
        tokyo = files("tzdata").joinpath("zoneinfo", "Asia", "Tokyo").read_bytes()
        (tmp_path / "Europe").mkdir()
        (tmp_path / "Europe" / "London").write_bytes(tokyo)
        for name, text in texts.items():
            (tmp_path / {"zi": "tzdata.zi", "plus": "+VERSION"}[name]).write_text(text)
        monkeypatch.setenv("PYTHONTZPATH", str(tmp_path))
        source.cache_clear()
        return tmp_path

    yield put
    monkeypatch.undo()
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()
    names.cache_clear()
    source.cache_clear()


def london_offset() -> float:
    offset = datetime(2026, 1, 12, 12, tzinfo=UTC).astimezone(zone("Europe/London")).utcoffset()
    assert offset is not None
    return offset.total_seconds() / 3600


def test_every_name_of_the_database_is_a_zone() -> None:
    written = files("tzdata").joinpath("zones").read_text().split()
    assert len(written) > 500
    assert [zone(name).key for name in written] == written


@pytest.mark.parametrize("name", [None, "", " ", "\t\n", "\u00a0"])
def test_no_name_is_no_time_zone(name: object) -> None:
    with pytest.raises(ZoneFault) as fault:
        zone(name)
    assert fault.value.code is Code.NO_TIMEZONE


@pytest.mark.parametrize(
    "name",
    [
        " Europe/London",
        "Europe/London ",
        "europe/london",
        "EUROPE/LONDON",
        "Europe/London\0",
        "Europe\\London",
        "GMT+2",
        "UTC+2",
        "+02:00",
        "EST4",
        "PDT",
        "Mars/Olympus",
        "London",
        "Europe",
        "Europe/",
        "/Europe/London",
        "../UTC",
        "Europe/../UTC",
        "./UTC",
        "/etc/localtime",
        "localtime",
        "posixrules",
        "posix/UTC",
        "right/UTC",
        "zone.tab",
        "tzdata.zi",
        "x" * 100_000,
        "\ud800",
        5,
        0,
        False,
        [],
        {},
        ["Europe/London"],
        b"UTC",
    ],
    ids=lambda name: repr(name)[:20],
)
def test_what_is_not_exactly_a_name_of_the_database_is_unknown(name: object) -> None:
    with pytest.raises(ZoneFault) as fault:
        zone(name)
    assert fault.value.code is Code.TIMEZONE_UNKNOWN
    assert len(fault.value.detail) < 200


def test_an_old_name_means_what_the_database_says() -> None:
    july = datetime(2026, 7, 1, tzinfo=UTC)
    assert july.astimezone(zone("EST")).hour == 19


def test_without_a_system_copy_the_package_is_used(monkeypatch: pytest.MonkeyPatch, install: Install) -> None:
    monkeypatch.setenv("PYTHONTZPATH", "")
    assert use_newest() == source() == PACKAGE
    assert london_offset() == 0


@pytest.mark.parametrize(
    "texts", [{"zi": "# version 2099a\n# more"}, {"plus": "2099a\n"}, {"zi": "x", "plus": "2099z"}]
)
def test_a_newer_system_copy_is_used(install: Install, texts: dict[str, str]) -> None:
    install(**texts)
    assert use_newest() == source()
    assert source().origin == "system"
    assert source().version in {"2099a", "2099z"}
    assert london_offset() == 9


@pytest.mark.parametrize(
    "texts", [{"zi": "# version 2020a\n"}, {"plus": "2020zz"}, {"plus": tzdata.IANA_VERSION}, {"zi": "# none"}, {}]
)
def test_an_older_or_equal_or_unknown_system_copy_is_not_used(install: Install, texts: dict[str, str]) -> None:
    install(**texts)
    assert use_newest() == source() == PACKAGE
    assert london_offset() == 0


def test_letters_past_z_are_later() -> None:
    ages = [zones._age(version) for version in (None, "2025z", "2025za", "2025zb", "2026a", "2026b")]
    assert ages == sorted(ages)
    assert len(set(ages)) == len(ages)


def test_the_copy_in_use_is_told_even_before_one_is_chosen(install: Install) -> None:
    install()
    zoneinfo.reset_tzpath()
    assert source() == Source("unknown", "system")


def test_an_update_of_the_system_is_taken_up(install: Install) -> None:
    directory = install(zi="# version 2020a\n")
    use_newest()
    assert london_offset() == 0
    (directory / "tzdata.zi").write_text("# version 2099a\n")
    use_newest()
    assert london_offset() == 9
    assert "Europe/London" in names()


def test_the_copy_in_use_stays_what_it_is_told_to_be_until_a_newer_one_is_taken_up(install: Install) -> None:
    directory = install(zi="# version 2099a\n")
    use_newest()
    (directory / "tzdata.zi").write_text("# version 2099b\n")
    assert source() == Source("2099a", "system")
    assert use_newest() == source() == Source("2099b", "system")


def test_a_package_that_was_updated_since_the_start_tells_its_new_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, install: Install
) -> None:
    install(zi="# version 2099a\n")
    package = tmp_path / "site" / "tzdata"
    (package / "zoneinfo").mkdir(parents=True)
    monkeypatch.setattr(tzdata, "__file__", str(package / "__init__.py"))
    assert use_newest().origin == "system"
    (package / "zoneinfo" / "tzdata.zi").write_text("# version 2099b\n")
    assert use_newest() == Source("2099b", "package")


def test_rules_that_were_kept_of_an_older_copy_are_forgotten(install: Install) -> None:
    directory = install(zi="# version 2020a\n")
    use_newest()
    noon = int(datetime(2026, 1, 12, 12, tzinfo=UTC).timestamp())
    assert stretch(zone("Europe/London"), noon)[0] == 0
    assert offsets._period.cache_info().currsize > 0
    (directory / "tzdata.zi").write_text("# version 2099a\n")
    use_newest()
    assert offsets._period.cache_info().currsize == 0
    assert stretch(zone("Europe/London"), noon)[0] == 9 * 60 * 60


def test_what_the_administrator_chose_is_no_zone(install: Install) -> None:
    directory = install(plus="2099a")
    for name in ("localtime", "posixrules"):
        (directory / name).write_bytes((directory / "Europe" / "London").read_bytes())
    use_newest()
    assert names() == frozenset(files("tzdata").joinpath("zones").read_text().split())


def test_a_damaged_zone_is_unknown_and_not_dialled(install: Install) -> None:
    directory = install(plus="2099a")
    use_newest()
    (directory / "Europe" / "London").write_bytes(b"TZif2" + b"\0" * 15 + b"\xff" * 10)
    with pytest.raises(ZoneFault, match="of Europe/London cannot be read") as fault:
        zone("Europe/London")
    assert fault.value.code is Code.TIMEZONE_UNKNOWN
