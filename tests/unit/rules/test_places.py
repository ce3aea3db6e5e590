from datetime import date

import pytest

from dispatcher.rules.area_codes import REGIONS
from dispatcher.rules.days_off import countries, holiday, states
from dispatcher.rules.places import places, zones_of


@pytest.mark.parametrize(
    ("e164", "regions"),
    [
        ("+12125550100", ("US-NY",)),
        ("+14015550100", ("US-RI",)),
        ("+16135550100", ("CA-ON",)),
        ("+18675550100", ("CA-NT", "CA-NU", "CA-YT")),
        ("+17875550100", ("PR",)),
        ("+442079460018", ("GB",)),
        ("+33199000001", ("FR",)),
    ],
)
def test_a_number_tells_its_country_and_state(e164: str, regions: tuple[str, ...]) -> None:
    assert places(e164).regions == regions


def test_an_area_code_that_is_not_known_may_be_of_any_state(monkeypatch: pytest.MonkeyPatch) -> None:
    places.cache_clear()
    monkeypatch.delitem(REGIONS, "212")
    assert places("+12125550100").regions == ("US",)
    places.cache_clear()


def test_an_area_code_that_two_countries_share_tells_the_states_of_the_numbers_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places.cache_clear()
    monkeypatch.setitem(REGIONS, "212", frozenset({"US-NY", "CA-ON", "US-NJ"}))
    assert places("+12125550100").regions == ("US-NJ", "US-NY")
    places.cache_clear()


def test_a_number_that_is_nobodys_may_be_anywhere_in_its_plan_whatever_its_area_code() -> None:
    assert {"US", "CA", "JM"} < set(places("+12121550100").regions)


def test_a_toll_free_number_may_be_anywhere_in_its_plan() -> None:
    found = places("+18005550199")
    assert {"US", "CA", "JM"} < set(found.regions)
    assert {"Pacific/Honolulu", "America/St_Johns"} < set(found.zones)


def test_a_number_of_no_known_range_has_no_zone_unless_the_whole_country_is_asked() -> None:
    assert places("+447700900123").zones == ()
    assert places("+12125550100", whole_country=True).zones == ("America/New_York",)
    assert places("+447700900123", whole_country=True).zones == (
        "Europe/London",
        "Europe/Guernsey",
        "Europe/Isle_of_Man",
        "Europe/Jersey",
    )


@pytest.mark.parametrize("claim", ["FR", " fr "])
def test_a_person_whose_country_is_not_the_numbers_may_be_in_either(claim: str) -> None:
    found = places("+442079460018", claim)
    assert found.regions == ("GB", "FR")
    assert found.zones == ("Europe/London", "Europe/Paris")


@pytest.mark.parametrize("claim", [None, "", "GB", "gb", "Germany", "UK", "ZZ"])
def test_a_claim_that_is_the_numbers_country_or_no_country_adds_nothing(claim: str | None) -> None:
    assert places("+442079460018", claim) == places("+442079460018")


@pytest.mark.parametrize(
    ("e164", "region"),
    [
        ("+17875550100", "PR"),
        ("+16716350100", "GU"),
        ("+13407740100", "VI"),
        ("+16846330100", "AS"),
        ("+16702340100", "MP"),
    ],
)
def test_a_territory_of_the_united_states_is_no_contradiction(e164: str, region: str) -> None:
    assert places(e164, "US").regions == (region,)


def test_a_territory_and_another_country_are_one() -> None:
    assert places("+17875550100", "DO").regions == ("PR", "DO")


def test_a_claim_makes_no_zone_known_where_the_number_tells_none() -> None:
    assert places("+447700900123", "FR").zones == ()


def test_the_zones_of_a_country_are_those_of_the_tz_database() -> None:
    assert zones_of("FR") == ("Europe/Paris",)
    assert len(zones_of("US")) > 20
    assert zones_of("XX") == ()


def test_each_state_of_the_united_states_has_an_area_code() -> None:
    found = {region for regions in REGIONS.values() for region in regions}
    assert len({region for region in found if region.startswith("US-")}) == 51
    assert len({region for region in found if region.startswith("CA-")}) == 13


def test_holidays_are_known_by_country_and_state() -> None:
    assert holiday("US", date(2026, 7, 4)) == "Independence Day"
    assert holiday("US-LA", date(2026, 2, 17)) == "Mardi Gras"
    assert holiday("US-PA", date(2026, 2, 17)) is None
    assert holiday("US-XX", date(2026, 12, 25)) == "Christmas Day"
    assert holiday("XX", date(2026, 12, 25)) is None
    assert "FR" in countries()
    assert "PA" in states("US")
    assert states("XX") == frozenset()
