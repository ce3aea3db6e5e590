import pytest

from dispatcher.errors import ConfigurationError
from dispatcher.worker import Call, Outcome
from dispatcher.worker.simulate import Simulator, parse_length, parse_mix
from tests.unit.worker.documents import CALL


async def outcomes(simulator: Simulator, calls: int) -> list[Outcome]:
    return [await simulator(CALL) for _ in range(calls)]


async def test_the_same_seed_gives_the_same_outcomes() -> None:
    first = await outcomes(Simulator(length_s=(0, 0), seed=7), 50)
    assert await outcomes(Simulator(length_s=(0, 0), seed=7), 50) == first
    assert await outcomes(Simulator(length_s=(0, 0), seed=8), 50) != first


async def test_outcomes_come_by_their_weights() -> None:
    mix = {Outcome.COMPLETED: 3.0, Outcome.BUSY: 1.0, Outcome.FAILED: 0.0}
    seen = await outcomes(Simulator(mix, (0, 0), seed=1), 400)
    assert set(seen) == {Outcome.COMPLETED, Outcome.BUSY}
    assert 250 < seen.count(Outcome.COMPLETED) < 350


async def test_each_call_is_told_as_it_begins() -> None:
    told: list[Call] = []
    await outcomes(Simulator(length_s=(0, 0), on_begin=told.append), 2)
    assert told == [CALL, CALL]


def test_a_mix_is_read() -> None:
    assert parse_mix("completed=70, busy=10,no-answer=2.5") == {
        Outcome.COMPLETED: 70.0,
        Outcome.BUSY: 10.0,
        Outcome.NO_ANSWER: 2.5,
    }


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "''"),
        ("answered=3", "'answered=3'"),
        ("gone=3", "'gone=3'"),
        ("busy", "'busy'"),
        ("busy=", "'busy='"),
        ("busy=-1", "'busy=-1'"),
        ("busy=nan", "'busy=nan'"),
        ("busy=1,busy=2", "busy twice"),
        ("busy=0", "weight 0"),
    ],
)
def test_a_bad_mix_is_named(text: str, named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        parse_mix(text)


def test_every_fault_of_a_mix_is_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_mix("answered=3,busy=x,completed=1")
    assert len(caught.value.faults) == 2


@pytest.mark.parametrize(
    ("text", "length"),
    [("1s-5s", (1, 5)), ("500ms-2m", (0.5, 120)), ("3", (3, 3)), (" 1.5s - 2s ", (1.5, 2)), ("0-0", (0, 0))],
)
def test_a_length_is_read(text: str, length: tuple[float, float]) -> None:
    assert parse_length(text) == length


@pytest.mark.parametrize(
    ("text", "named"), [("", "''"), ("5s-", "''"), ("-5s", "''"), ("1s-5x", "'5x'"), ("5s-1s", "'5s-1s'")]
)
def test_a_bad_length_is_named(text: str, named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        parse_length(text)
