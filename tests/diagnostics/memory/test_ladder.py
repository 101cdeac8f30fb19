"""Which rung a process stands on and what is due there: on numbers alone."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from whiteboard.diagnostics.memory.ladder import (
    COLLECT_SHARE,
    ENTERED_AT,
    LEAST_STEP_BYTES,
    LEAST_STEP_OBJECTS,
    LEAVING,
    MOST_STEP,
    MOST_STEP_OBJECTS,
    PAUSE_SECONDS,
    WORTH_IT,
    Allowance,
    Ladder,
    Pacer,
    Reading,
    Rung,
    Steps,
    next_rung,
)

AGAIN = 10.0
POLL = 0.1
RUNGS = st.sampled_from(Rung)
SHARES = st.floats(0, 3, allow_nan=False)


def reading(at: float, share: float, *, is_quiet: bool = False, has_news: bool = True) -> Reading:
    """One look."""
    return Reading(at, share, is_quiet, has_news)


@given(RUNGS, SHARES, SHARES)
def test_more_memory_never_means_a_lower_rung(rung: Rung, one: float, other: float) -> None:
    """From wherever it stood."""
    less, more = sorted((one, other))
    assert next_rung(rung, less) <= next_rung(rung, more)


@given(RUNGS, RUNGS, SHARES)
def test_who_stood_higher_stands_no_lower(one: Rung, other: Rung, share: float) -> None:
    """With the same memory, whatever happened before."""
    lower, higher = sorted((one, other))
    assert next_rung(lower, share) <= next_rung(higher, share)


@given(RUNGS, SHARES)
def test_standing_still_changes_nothing(rung: Rung, share: float) -> None:
    """A second look at the same memory finds the same rung."""
    once = next_rung(rung, share)
    assert next_rung(once, share) == once


@given(RUNGS, SHARES, st.lists(st.floats(-LEAVING * 0.49, LEAVING * 0.49), max_size=20))
def test_what_sways_by_less_than_the_hysteresis_changes_its_rung_once(
    rung: Rung, share: float, sways: list[float]
) -> None:
    """At most one change of direction: up, or first down and then up."""
    stood = [rung := next_rung(rung, share + sway) for sway in sways]
    assert stood == sorted(stood)


@given(RUNGS, SHARES)
def test_a_rung_is_held_where_its_share_says(rung: Rung, share: float) -> None:
    """No lower than what is entered here, no higher than what is not left yet."""
    now = next_rung(rung, share)
    assert all(now >= one for one, entered in ENTERED_AT.items() if share >= entered)
    assert now is Rung.CALM or share >= ENTERED_AT[now] - LEAVING


@given(
    st.lists(st.tuples(st.floats(0.01, 5), st.floats(0, 0.5)), min_size=1, max_size=100),
    st.floats(0, 100),
)
def test_walks_take_no_more_than_their_share(walks: list[tuple[float, float]], begin: float) -> None:
    """Of the time since the start and what was saved up; the last walk may have been longer than what was left."""
    most = COLLECT_SHARE * AGAIN
    allowance, now, spent, longest = Allowance(COLLECT_SHARE, most, begin), begin, 0.0, 0.0
    for wait, took in walks:
        now += wait
        if allowance.left(now) > 0:
            allowance.spend(took)
            spent += took
            longest = max(longest, took)
        assert spent <= COLLECT_SHARE * (now - begin) + most + longest + 1e-6


@given(st.lists(st.tuples(SHARES, st.booleans(), st.booleans()), max_size=200))
def test_dear_steps_are_apart_and_on_their_rung(looks: list[tuple[float, bool, bool]]) -> None:
    """Whatever memory does: dropping, giving back and walking everything at most once in AGAIN each."""
    ladder = Ladder(AGAIN, 0.0)
    done: dict[str, float] = {}
    for number, (share, is_quiet, has_news) in enumerate(looks):
        now = number * POLL
        steps = ladder.climb(reading(now, share, is_quiet=is_quiet, has_news=has_news))
        for step in ("collect_all", "drop", "trim"):
            if getattr(steps, step):
                assert now - done.get(step, -AGAIN) >= AGAIN
                done[step] = now
        assert not (steps.collect or steps.collect_all) or ladder.rung >= Rung.COLLECT
        assert not steps.drop or ladder.rung >= Rung.DROP
        assert not steps.trim or ladder.rung >= (Rung.TRIM if is_quiet else Rung.REFUSE)
        assert steps.unload == (ladder.rung >= Rung.UNLOAD)


def test_the_way_up_and_down_again() -> None:
    """Each rung adds its own, the cheap things first, and the way down ends on the ground."""
    ladder = Ladder(AGAIN, 0.0)
    assert ladder.climb(reading(0.0, 0.5)) == Steps()
    assert ladder.climb(reading(1.0, 0.8)) == Steps(collect=True)
    assert ladder.climb(reading(2.0, 0.85)) == Steps(collect=True)
    assert ladder.climb(reading(3.0, 0.85, has_news=False)) == Steps()
    assert ladder.climb(reading(4.0, 0.9)) == Steps(collect_all=True, drop=True)
    assert ladder.climb(reading(5.0, 0.93)) == Steps(collect=True)
    assert ladder.climb(reading(6.0, 0.93, is_quiet=True)) == Steps(collect=True, trim=True)
    assert ladder.climb(reading(20.0, 0.95)) == Steps(collect_all=True, drop=True, unload=True)
    assert ladder.climb(reading(21.0, 1.2)) == Steps(collect=True, trim=True, unload=True)
    assert ladder.rung is Rung.REFUSE
    for share, rung in ((0.98, Rung.REFUSE), (0.96, Rung.UNLOAD), (0.9, Rung.TRIM), (0.76, Rung.CALM)):
        ladder.climb(reading(22.0, share))
        assert ladder.rung is rung


def test_who_has_spent_the_allowance_waits() -> None:
    """A walk that took a second is followed by none for ten."""
    ladder = Ladder(AGAIN, 0.0)
    assert ladder.climb(reading(0.0, 0.85)).collect
    ladder.allowance.spend(2.0)
    assert not ladder.climb(reading(9.0, 0.85)).collect
    assert ladder.climb(reading(10.5, 0.85)).collect


def test_everything_is_walked_as_long_as_it_is_worth_it() -> None:
    """Who finds next to nothing waits twice as long each time, up to ten minutes; who finds something does not."""
    ladder, walked = Ladder(AGAIN, 0.0), []
    for number in range(60_000):
        now = number * POLL
        if ladder.climb(reading(now, 0.91)).collect_all:
            walked.append(now)
            ladder.note_found(WORTH_IT if len(walked) == 3 else 10, 0.0)
    waits = [round(after - before) for before, after in pairwise(walked)]
    assert waits[:8] == [20, 40, 10, 20, 40, 80, 160, 320]
    assert set(waits[9:]) == {640}


@given(st.lists(st.floats(0, 0.1), max_size=50), st.integers(1 << 25, 1 << 36))
def test_walks_come_sooner_where_they_are_long(walks: list[float], limit_bytes: int) -> None:
    """The step stays between its bounds, is halved by a long walk and grows again with short ones."""
    pacer = Pacer()
    most = max(LEAST_STEP_BYTES, MOST_STEP * limit_bytes)
    for took in walks:
        before = pacer.step_bytes(limit_bytes)
        pacer.note(took)
        after = pacer.step_bytes(limit_bytes)
        assert LEAST_STEP_BYTES <= after <= most
        assert LEAST_STEP_OBJECTS <= pacer.step_objects <= MOST_STEP_OBJECTS
        assert after <= before if took > PAUSE_SECONDS else after >= before
    for _ in range(30):
        pacer.note(0.0)
    assert (pacer.step_bytes(limit_bytes), pacer.step_objects) == (most, MOST_STEP_OBJECTS)
