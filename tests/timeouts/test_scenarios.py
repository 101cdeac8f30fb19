"""Every duration at 0.8, 1.0 and 1.2 of its value, on the virtual clock."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

import pytest
import trio
import trio.testing
from timeouts import scenarios
from timeouts.scenarios.book import SCENARIOS, Scenario

from whiteboard.registry import REGISTRY, Timeout

for chapter in iter_modules(scenarios.__path__):  # reading one enters its scenarios in the book
    import_module(f"{scenarios.__name__}.{chapter.name}")


@pytest.fixture
def own_values() -> Iterator[None]:
    """The registry's own values hold again behind the test."""
    yield
    for one in REGISTRY.values():
        one.seconds = one.default


@pytest.mark.parametrize("entry", REGISTRY.values(), ids=REGISTRY)
def test_a_fifth_more_changes_nothing_and_a_fifth_less_what_is_documented(
    entry: Timeout, own_values: None, without_threads: None
) -> None:
    """R61. With 1.2 of the time all ends as with 1.0; with 0.8 too, or as documented; and no task is left."""
    scenario = SCENARIOS[entry.scenario]
    ends = {factor: _play(scenario, entry, factor) for factor in (0.8, 1.0, 1.2)}
    assert ends[1.2] == ends[1.0]
    assert ends[0.8] in {ends[1.0], scenario.late}
    assert ends[1.0] != scenario.late


@pytest.mark.parametrize("entry", REGISTRY.values(), ids=REGISTRY)
def test_every_scenario_notices_its_entry(entry: Timeout, own_values: None, without_threads: None) -> None:
    """With a quarter of the value, or with four times as much, it ends in another way: else it would test nothing."""
    played = SCENARIOS[entry.scenario]
    usual = _play(played, entry, 1.0)
    assert {_play(played, entry, 0.25), _play(played, entry, 4.0)} != {usual}


def test_every_scenario_is_one_of_an_entry() -> None:
    """None is kept for nobody."""
    assert set(SCENARIOS) == {entry.scenario for entry in REGISTRY.values()}


def _play(scenario: Scenario, entry: Timeout, factor: float) -> str:
    """How it ends in a Trio run of its own. Fails when a task is left behind it."""

    async def whole() -> str:
        root = trio.lowlevel.current_root_task()
        assert root is not None
        before = _tasks(root)
        end = await scenario.play(entry)
        assert _tasks(root) == before
        return end

    for one in REGISTRY.values():  # a scenario may have changed another one
        one.seconds = one.default
    entry.seconds = entry.default * factor
    return trio.run(whole, clock=trio.testing.MockClock(autojump_threshold=scenario.settle))


def _tasks(root: trio.lowlevel.Task) -> set[trio.lowlevel.Task]:
    found = {root}
    for nursery in root.child_nurseries:
        for child in nursery.child_tasks:
            found |= _tasks(child)
    return found
