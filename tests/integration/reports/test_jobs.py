from datetime import timedelta

import pytest

from dispatcher.errors import NotFoundError
from dispatcher.mirror import campaigns
from dispatcher.model.attempt import State
from dispatcher.reports.jobs import jobs, masked, one
from dispatcher.reports.sources import Sources

from .conftest import NOW, Mirror


@pytest.fixture
def attempted(mirror: Mirror) -> Mirror:
    """Three attempts of two campaigns, the newest last."""
    mirror.campaign("camp-2", name="Autumn")
    for number, (campaign, state) in enumerate(
        [("camp-1", State.FINISHED), ("camp-1", State.QUEUED), ("camp-2", State.DIALING)]
    ):
        phone_number = f"+1212555011{number}"
        mirror.order(f"order-{number}", campaign, e164=phone_number)
        at = NOW + timedelta(seconds=number)
        mirror.attempt(f"job-{number}", f"order-{number}", campaign=campaign, number=phone_number, state=state, at=at)
    return mirror


async def names(sources: Sources, **only: object) -> list[str]:
    return [one["job"] for one in (await jobs(sources, NOW, **only))["jobs"]]  # type: ignore[arg-type]


async def test_the_newest_comes_first(attempted: Mirror, sources: Sources) -> None:
    assert await names(sources) == ["job-2", "job-1", "job-0"]
    assert await names(sources, limit=1) == ["job-2"]


async def test_they_are_chosen_by_state_campaign_and_order(attempted: Mirror, sources: Sources) -> None:
    assert await names(sources, states=[State.QUEUED, State.DIALING]) == ["job-2", "job-1"]
    assert await names(sources, campaign="Spring") == ["job-1", "job-0"]
    assert await names(sources, order="order-0") == ["job-0"]


async def test_the_attempts_of_a_campaign_outlive_it(attempted: Mirror, sources: Sources) -> None:
    attempted.database.run_write(campaigns.remove, "campaigns", ["camp-2"], NOW)
    assert await names(sources, campaign="camp-2") == ["job-2"]


async def test_a_campaign_that_never_was_is_not_found(attempted: Mirror, sources: Sources) -> None:
    with pytest.raises(NotFoundError, match="camp-9"):
        await jobs(sources, NOW, campaign="camp-9")


async def test_a_persons_number_is_hidden_but_for_its_end(attempted: Mirror, sources: Sources) -> None:
    document = await jobs(sources, NOW, order="order-1")
    assert document["jobs"][0]["number"] == "**********11"
    assert "+1212" not in str(document)


async def test_one_job_is_shown_with_what_allowed_it_and_none_in_a_list_is(mirror: Mirror, sources: Sources) -> None:
    mirror.order("order-1")
    mirror.attempt("0f3c9b", "order-1", decision={"timezone": "UTC"})
    assert (await one(sources, "0f3", NOW))["jobs"][0]["decision"] == {"timezone": "UTC"}
    assert "decision" not in (await jobs(sources, NOW))["jobs"][0]


@pytest.mark.parametrize(("text", "sentence"), [("0f4", "there is no job '0f4'"), ("0f", "several jobs start with")])
async def test_what_names_no_single_job_is_not_found(
    mirror: Mirror, sources: Sources, text: str, sentence: str
) -> None:
    for number, job in enumerate(("0f3c9b", "0f3c9c")):
        mirror.order(f"order-{number}")
        mirror.attempt(job, f"order-{number}", state=State.FINISHED)
    with pytest.raises(NotFoundError, match=sentence):
        await one(sources, text, NOW)


async def test_an_order_may_be_named_by_the_start_of_only_its_uuid(attempted: Mirror, sources: Sources) -> None:
    attempted.order("other-9")
    attempted.attempt("job-9", "other-9", state=State.FINISHED)
    assert await names(sources, order="other") == ["job-9"]
    assert await names(sources, order="nothing-of-the-kind") == []
    with pytest.raises(NotFoundError, match="several orders start with 'order-'"):
        await names(sources, order="order-")


def test_a_short_number_is_hidden_too() -> None:
    assert [masked(number) for number in ("123", "1", None)] == ["*23", "1", None]
