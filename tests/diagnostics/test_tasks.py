"""The live task tree."""

import gc
import json
from typing import Any

import trio
import trio.testing

from whiteboard.diagnostics.tasks import TaskAges, report
from whiteboard.ids import BoardId
from whiteboard.storage.memory import open_memory

Json = dict[str, Any]


def find(task: Json, name: str) -> Json | None:
    """The first task of that name in a tree."""
    if task["name"] == name:
        return task
    for nursery in task["nurseries"]:
        for child in nursery["tasks"]:
            found = find(child, name)
            if found is not None:
                return found
    return None


def found(answer: Json, name: str) -> Json:
    """The task of that name, which must be there."""
    task = find(answer["tree"], name)
    assert task is not None
    return task


def count(task: Json) -> int:
    """Tasks in a tree."""
    return 1 + sum(count(child) for nursery in task["nurseries"] for child in nursery["tasks"])


async def test_each_task_says_where_it_stands_and_what_it_waits_for() -> None:
    """A sleeping task shows its own frame and the library's function below it."""
    ages = TaskAges()

    async def session() -> None:
        async with trio.open_nursery() as inner:
            inner.start_soon(trio.sleep_forever, name="sync loop")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(session, name="session s1")
        await trio.testing.wait_all_tasks_blocked()
        answer = report(ages, {"sessions": 1})
        nursery.cancel_scope.cancel()
    task = found(answer, "session s1")

    assert json.loads(json.dumps(answer)) == answer
    assert [child["name"] for child in task["nurseries"][0]["tasks"]] == ["sync loop"]
    assert task["at"]["file"].endswith("test_tasks.py")
    assert not task["at"]["file"].startswith("/")
    assert task["at"]["function"].endswith("session")
    assert task["at"]["line"] > 0
    assert task["waits"] == "trio.NurseryManager.__aexit__"
    loop = found(answer, "sync loop")
    assert (loop["at"]["file"], loop["at"]["function"]) == ("trio/_timeouts.py", "sleep_forever")


async def test_our_own_innermost_frame_is_shown() -> None:
    """A task inside of the package is placed in the package, not in the library that it called."""
    async with open_memory() as storage, trio.open_nursery() as nursery:
        nursery.start_soon(storage.op_log.wait_beyond, BoardId("b"), 5, name="tail")
        await trio.testing.wait_all_tasks_blocked()
        answer = report(TaskAges(), {})
        nursery.cancel_scope.cancel()
    task = found(answer, "tail")

    assert task["at"]["file"].startswith("whiteboard/storage/")
    assert task["waits"].startswith("trio.")


async def test_counts_stand_beside_the_tree() -> None:
    """The owner's counts and the number of living tasks come along."""
    answer = report(TaskAges(), {"sessions": 3, "boards": 2})

    assert answer["counts"] == {"sessions": 3, "boards": 2, "tasks": answer["tasks"]["living"]}
    assert answer["tasks"] == {"living": count(answer["tree"]), "shown": count(answer["tree"]), "cut": False}


async def test_the_asking_task_waits_for_nothing() -> None:
    """The task that makes the report is running."""
    async with trio.open_nursery() as nursery:
        answers = []

        async def asks() -> None:
            await trio.lowlevel.checkpoint()
            answers.append(report(TaskAges(), {}))

        nursery.start_soon(asks, name="asks")
    task = found(answers[0], "asks")

    assert (task["at"], task["waits"]) == (None, None)


async def test_a_task_that_has_not_run_yet_is_shown() -> None:
    """Between its start and its first step a task has a place, and nothing that it waits for."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep, 0, name="fresh")
        task = found(report(TaskAges(), {}), "fresh")

    assert task["at"]["function"] == "sleep"
    assert task["waits"] is None


async def test_nurseries_tell_cancellation_and_deadline(autojump_clock: trio.testing.MockClock) -> None:
    """A nursery on its way out, and one that has a deadline, can be told from the others."""

    async def slow_to_leave() -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep(5)

    async with trio.open_nursery() as nursery:
        nursery.cancel_scope.deadline = trio.current_time() + 10
        nursery.start_soon(slow_to_leave)
        await trio.testing.wait_all_tasks_blocked()
        me = trio.lowlevel.current_task().name
        before = found(report(TaskAges(), {}), me)["nurseries"][-1]
        nursery.cancel_scope.cancel()
        after = found(report(TaskAges(), {}), me)["nurseries"][-1]

    assert (before["cancelled"], before["deadline"]) == (False, 10)
    assert after["cancelled"] is True


async def test_what_is_cut_is_counted() -> None:
    """The answer is bounded, shows the upper levels first and says how much it leaves out."""
    async with trio.open_nursery() as nursery:
        for number in range(50):
            nursery.start_soon(trio.sleep_forever, name=f"child {number:02}")
        await trio.testing.wait_all_tasks_blocked()
        answer = report(TaskAges(), {}, most=20)
        nursery.cancel_scope.cancel()

    def omitted(task: Json) -> int:
        here: int = sum(nursery["omitted"] for nursery in task["nurseries"])
        return here + sum(omitted(child) for nursery in task["nurseries"] for child in nursery["tasks"])

    assert count(answer["tree"]) == 20
    assert answer["tasks"]["cut"] is True
    assert answer["tasks"]["shown"] == 20
    assert omitted(answer["tree"]) > 0


def test_ages_come_from_the_instrument(autojump_clock: trio.testing.MockClock) -> None:
    """A task's age counts from when it was spawned; ended tasks are forgotten."""
    ages = TaskAges()
    answers = []

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, 60, name="old")
            await trio.sleep(30)
            nursery.start_soon(trio.sleep, 60, name="young")
            await trio.sleep(10)
            answers.append(report(ages, {}))
        gc.collect()
        answers.append(report(ages, {}))
        assert len(ages) == answers[1]["tasks"]["living"]

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0), instruments=[ages])

    assert found(answers[0], "old")["age"] == 40
    assert found(answers[0], "young")["age"] == 10
    assert find(answers[1]["tree"], "old") is None
