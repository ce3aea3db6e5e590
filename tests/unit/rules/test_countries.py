import pytest

from dispatcher.rules.countries import countries, is_country
from dispatcher.rules.zones import names


@pytest.mark.parametrize(
    ("zone", "country"),
    [
        ("America/New_York", "US"),
        ("US/Pacific", "US"),
        ("Asia/Calcutta", "IN"),
        ("Europe/London", "GB"),
        ("Europe/London", "IM"),
        ("Europe/Oslo", "NO"),
        ("Europe/Berlin", "NO"),
        ("America/Indiana/Knox", "US"),
        ("America/Los_Angeles", "US"),
        ("Pacific/Guam", "GU"),
    ],
)
def test_a_zone_is_kept_in_its_countries(zone: str, country: str) -> None:
    assert country in countries(zone)


@pytest.mark.parametrize("zone", ["UTC", "GMT", "Etc/GMT+5", "Mars/Olympus", ""])
def test_no_country_keeps_what_is_no_place(zone: str) -> None:
    assert countries(zone) == frozenset()


def test_nearly_every_name_of_a_place_has_a_country() -> None:
    places = {name for name in names() if "/" in name and not name.startswith(("Etc/", "SystemV/"))}

    assert {name for name in places if not countries(name)} <= {"US/Pacific-New"}


@pytest.mark.parametrize(("code", "known"), [("US", True), ("FR", True), ("UK", False), ("us", False), ("", False)])
def test_a_country_is_known_by_its_code(code: str, *, known: bool) -> None:
    assert is_country(code) is known
