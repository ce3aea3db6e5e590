from hypothesis import given
from hypothesis import strategies as st

from dispatcher.hopper.census import Census
from dispatcher.hopper.layout import SLOTS, slot

KEY = "p:{phone}:calls"


@st.composite
def censuses(draw: st.DrawFn, *, silence: bool = True) -> Census:
    cuts = sorted(draw(st.sets(st.integers(1, SLOTS - 1), max_size=4)))
    names = st.sampled_from(["run:1", "run:2", "run:3", *([None] if silence else [])])
    edges = zip([0, *cuts], [*cuts, SLOTS], strict=True)
    servers: list[str | None] = []
    for first, end in edges:
        servers += [draw(names)] * (end - first)
    return Census.of(servers)


def test_a_single_server_is_remembered_by_its_name_alone() -> None:
    alone = Census(((0, SLOTS - 1, "0123abc"),))
    assert str(alone) == "0123abc"
    assert Census.read("0123abc") == alone
    assert alone.server(KEY) == "0123abc"


def test_a_phone_is_served_by_the_server_of_its_slot() -> None:
    at = slot(KEY)
    found = Census(((0, at - 1, "a"), (at, at, "b"), (at + 1, SLOTS - 1, "c")))
    assert found.server(KEY) == "b"
    assert Census(((0, at - 1, "a"), (at + 1, SLOTS - 1, "c"))).server(KEY) is None


@given(found=censuses(silence=False))
def test_what_is_remembered_as_text_is_read_again_as_it_was(found: Census) -> None:
    assert Census.read(str(found)) == found


@given(found=censuses())
def test_silent_servers_are_left_out_of_the_text(found: Census) -> None:
    if any(server for _, _, server in found.ranges):
        assert Census.read(str(found)).slots() == found.slots()


@given(now=censuses(), before=censuses())
def test_those_who_are_silent_are_remembered_as_they_were(now: Census, before: Census) -> None:
    known = now.remembering(before).slots()
    assert known == [new or old for new, old in zip(now.slots(), before.slots(), strict=True)]
