"""Sessions where permission hooks decide: who comes, what they may do, and that nobody waits for a hook but they."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
import trio.testing
from plugins.hooks import DoorHook, Hook, says
from rooms.conftest import BOARD, Stage, open_stage
from rooms.faulty import HookedStorage
from rooms.line import Line

from whiteboard import limits, timeouts
from whiteboard.errors import StorageUnavailable
from whiteboard.plugins.guard import Guard
from whiteboard.plugins.permissions import Admission, Change, Entry, PermissionHook, Refusal, Role, Visit
from whiteboard.rooms.ports import Visitor
from whiteboard.storage.memory import open_memory


@asynccontextmanager
async def guarded(hook: PermissionHook, storage: Any = None) -> AsyncIterator[Stage]:
    """A stage with one hook."""
    async with open_stage(storage, Guard([("it", hook)])) as stage:
        yield stage


def note(element: str, **more: object) -> dict[str, object]:
    """An op."""
    return {"type": "note", "id": element, "x": 1, **more}


@pytest.mark.parametrize(
    ("entry", "code", "reason"),
    [
        (Refusal("show me a token", is_unauthenticated=True), 4401, "show me a token"),
        (Refusal("not this board"), 4403, "not this board"),
        ("nonsense", 1011, "who may come cannot be told now; try again"),
    ],
)
async def test_who_may_not_come_is_sent_away_without_a_welcome(
    entry: Any, code: int, reason: str, autojump_clock: trio.testing.MockClock
) -> None:
    """With the code that says what would help; the others never hear of them. [CON-18] [CLS-1]"""
    hook = Hook()
    async with guarded(hook) as stage:
        there, _ = await stage.join()
        await there.expect("snapshot")
        hook.on_visit = says(entry)
        line = await stage.connect()
        line.say({"type": "hello", "name": "Eve"}, note("n"))
        assert await line.wait_closed() == (code, reason)
        assert line.read() == []
        there.say({"type": "ping"})
        await there.expect("pong")
        assert there.read() == []
        assert stage.hub.statistics().sessions == 1


@pytest.mark.parametrize("first", [note("n"), {"type": "ping"}, b"{", None])
async def test_nobody_slips_in_by_saying_something_else_first(
    first: Any, autojump_clock: trio.testing.MockClock
) -> None:
    """Whatever takes the place of a hello, silence too, is asked about as well. [CON-18] [HEL-2]"""
    async with guarded(Hook(says(Refusal("no")))) as stage:
        line = await stage.connect()
        if first is not None:
            line.say(first)
        assert await line.wait_closed() == (4403, "no")
        assert line.read() == []
        assert await stage.storage.op_log.head(BOARD) is None


async def test_what_a_hook_is_told_of_a_visitor(autojump_clock: trio.testing.MockClock) -> None:
    """Address and token of the request; the token of a hello goes first. [CON-13]"""
    hook = Hook()
    async with guarded(hook) as stage:
        for hello in ({"token": "from hello", "client": "ada", "name": "Ada"}, {}):
            line = await stage.connect(visitor=Visitor("192.0.2.1", "from the request"))
            line.say({"type": "hello", **hello})
            welcome = await line.expect("welcome")
            visit = hook.visits[-1]
            assert visit.token == hello.get("token", "from the request")
            assert (visit.board, visit.address, visit.session) == (BOARD, "192.0.2.1", welcome["session"])
            assert (visit.client, visit.name) == (hello.get("client"), hello.get("name", ""))


async def test_a_slow_hook_at_the_door_holds_up_nobody_inside(autojump_clock: trio.testing.MockClock) -> None:
    """Somebody waits outside while the others draw. [CON-18] [SLW-3]"""

    async def think(visit: Visit) -> Entry:
        await trio.sleep(1.9 if visit.name == "slow" else 0)
        return Admission()

    async with guarded(Hook(think)) as stage:
        there, _ = await stage.join()
        line = await stage.connect()
        line.say({"type": "hello", "name": "slow"})
        start = trio.current_time()
        there.say(note("n"))
        await there.expect("ack")
        assert trio.current_time() < start + 0.1
        await line.expect("welcome")
        assert trio.current_time() >= start + 1.9


async def test_a_viewer_sees_and_points_and_cannot_draw(autojump_clock: trio.testing.MockClock) -> None:
    """The welcome says so, and every op is rejected for good. [HEL-12] [HEL-13] [REJ-1]"""

    async def by_name(visit: Visit) -> Entry:
        await trio.lowlevel.checkpoint()
        return Admission(Role.VIEWER if visit.name == "Vi" else Role.EDITOR)

    async with guarded(Hook(by_name)) as stage:
        editor, welcome = await stage.join(name="Ed")
        viewer, seen = await stage.join(name="Vi")
        assert (welcome["role"], seen["role"]) == ("editor", "viewer")
        editor.say(note("n"))
        await viewer.expect("note", id="n")
        viewer.say({"type": "cursor", "x": 1, "y": 2}, note("m", opId=f"{seen['client']}:1"), note("o"))
        reject = await viewer.expect("reject", id="m")
        assert (reject["code"], reject["retry"], reject["opId"]) == (
            "forbidden",
            False,
            f"{seen['client']}:1",
        )
        await viewer.expect("reject", id="o", code="forbidden", opId=None)
        await editor.expect("cursors")
        head = await stage.storage.op_log.head(BOARD)
        assert head is not None
        assert head.seq == 1


async def test_an_op_that_a_hook_refuses(autojump_clock: trio.testing.MockClock) -> None:
    """Is rejected with the hook's reason, in its turn among the others' answers. [ACC-20] [ACC-1] [ACK-6]"""

    async def no_b(change: Change) -> Refusal | None:
        await trio.sleep(0.1)
        return Refusal("no b here") if change.element == "b" else None

    async with guarded(Hook(change=no_b)) as stage:
        line, _ = await stage.join()
        line.say(note("a"), note("b"), note("c"))
        answers = [await one(line) for one in [answer] * 3]
        assert [(it["type"], it["id"]) for it in answers] == [("ack", "a"), ("reject", "b"), ("ack", "c")]
        assert (answers[1]["code"], answers[1]["reason"], answers[1]["retry"]) == (
            "forbidden",
            "no b here",
            False,
        )


async def answer(line: Line) -> dict[str, Any]:
    """The next ack or reject."""
    while True:
        while line._taken:
            message = line._taken.popleft()
            if message["type"] in {"ack", "reject"}:
                return message
        await line._park("an answer")


@pytest.mark.parametrize("way", ["hangs", "raises", "nonsense"])
async def test_a_hook_without_an_answer_refuses_that_op_and_stalls_nobody(
    way: str, autojump_clock: trio.testing.MockClock
) -> None:
    """With a code to try again, within HOOK_OP, while another session's ops on the same board go on. [ACC-20] [REJ-4]"""

    async def broken(change: Change) -> Any:
        if change.element != "bad":
            return None
        if way == "hangs":
            await trio.sleep_forever()
        if way == "raises":
            raise KeyError
        return "nonsense"

    guard = Guard([("it", Hook(change=broken))])
    async with open_stage(guard=guard) as stage:
        one, _ = await stage.join()
        two, _ = await stage.join()
        start = trio.current_time()
        one.say(note("bad"), note("after"))
        two.say(note("other"))
        await two.expect("ack", id="other")
        assert trio.current_time() < start + 0.01
        await one.expect("reject", id="bad", code="permission_unavailable", retry=True)
        assert trio.current_time() <= start + timeouts.HOOK_OP.seconds + 0.1
        await one.expect("ack", id="after")
        counts = guard.counts()
        assert counts["permission_late" if way == "hangs" else "permission_failed"] == 1
        one.say(note("bad", x=2))
        await one.expect("reject", id="bad")


async def test_a_dead_hook_does_not_cost_each_op_its_deadline(autojump_clock: trio.testing.MockClock) -> None:
    """After HOOK_PATIENCE late answers the rest is refused at once; when it is back, ops are taken again. [ACC-20]"""
    is_dead = True

    async def sometimes(_: Change) -> Refusal | None:
        if is_dead:
            await trio.sleep_forever()
        return None

    async with guarded(Hook(change=sometimes)) as stage:
        line, _ = await stage.join()
        start = trio.current_time()
        line.say([note(f"n{n}") for n in range(100)])
        await line.expect("reject", id="n99", code="permission_unavailable")
        assert trio.current_time() <= start + limits.HOOK_PATIENCE * timeouts.HOOK_OP.seconds + 0.1
        is_dead = False
        await trio.sleep(timeouts.HOOK_PAUSE.seconds)
        line.say(note("back"))
        await line.expect("ack", id="back")


async def test_what_was_stored_before_is_acked_all_the_same(autojump_clock: trio.testing.MockClock) -> None:
    """An op whose ack was lost, sent again by somebody who may not draw any more. [ACC-20] [DUP-1]"""
    hook = Hook()
    async with guarded(hook) as stage:
        line, welcome = await stage.join()
        op_id = f"{welcome['client']}:1"
        line.say(note("n", opId=op_id))
        first = await line.expect("ack")
        line.hang_up()
        hook.on_visit = says(Admission(Role.VIEWER))
        again, _ = await stage.join(client=welcome["client"], key=welcome["key"])
        again.say(note("n", opId=op_id), note("m", opId=f"{welcome['client']}:2"))
        assert (await again.expect("ack"))["seq"] == first["seq"]
        await again.expect("reject", opId=f"{welcome['client']}:2", code="forbidden")


async def test_when_it_cannot_be_told_whether_it_was_stored(autojump_clock: trio.testing.MockClock) -> None:
    """Storage that does not answer: to be tried again, and the session goes on. [ACC-20] [REJ-4]"""
    hook = Hook()
    async with open_memory() as memory:
        storage = HookedStorage(memory)
        async with guarded(hook, storage) as stage:
            line, welcome = await stage.join()
            line.say(note("n", opId=f"{welcome['client']}:1"))
            await line.expect("ack")

            async def forbid(_: Change) -> Refusal | None:
                await trio.lowlevel.checkpoint()
                return Refusal("no")

            hook.on_change = forbid

            async def be_away(*_: object) -> None:
                await trio.lowlevel.checkpoint()
                raise StorageUnavailable("away")

            storage.op_log.before["find"] = be_away
            line.say(note("n", opId=f"{welcome['client']}:1"))
            await line.expect("reject", code="storage_unavailable", retry=True)
            del storage.op_log.before["find"]
            line.say(note("n", opId=f"{welcome['client']}:1"))
            await line.expect("ack")


async def test_it_is_asked_again_while_a_session_lasts(autojump_clock: trio.testing.MockClock) -> None:
    """Another role is told, no answer changes nothing, a refusal ends the session. [HEL-12] [HEL-14]"""
    hook = Hook()
    async with guarded(hook) as stage:
        line, _ = await stage.join()
        for entry, role in ((Admission(), None), ("nonsense", None), (Admission(Role.VIEWER), "viewer")):
            hook.on_visit = says(entry)  # type: ignore[arg-type]
            line.read()
            await trio.sleep(timeouts.HOOK_AGAIN.seconds + 1)
            told = [message["role"] for message in line.read() if message["type"] == "role"]
            assert told == ([role] if role else [])
        line.say(note("n"))
        await line.expect("reject", code="forbidden")
        hook.on_visit = says(Refusal("gone from the list"))
        assert await line.wait_closed() == (4403, "gone from the list")
        assert len({visit.session for visit in hook.visits}) == 1


async def test_a_session_that_ends_while_it_is_asked_about_leaves_nothing(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """At the door, and in the middle of an op. [HBT-4]"""

    async def think(_: object) -> Any:
        await trio.sleep(0.2)

    hook = Hook(enter=think, change=think)
    async with guarded(hook) as stage:
        outside = await stage.connect()
        outside.say({"type": "hello"})
        await trio.sleep(0.1)
        outside.hang_up()
        hook.on_visit = says(Admission())
        inside, _ = await stage.join()
        inside.say(note("n"))
        await trio.sleep(0.1)
        inside.hang_up()
        await trio.sleep(timeouts.WS_CLOSE.seconds)
        statistics = stage.hub.statistics()
        assert (statistics.sessions, statistics.leases, statistics.ops_waiting) == (0, 0, 0)


async def test_a_hook_that_looks_at_the_door_only(autojump_clock: trio.testing.MockClock) -> None:
    """`change` may be None: ops are then taken without a question."""
    guard = Guard([("it", DoorHook(Admission()))])
    async with open_stage(guard=guard) as stage:
        line, _ = await stage.join()
        line.say(note("n"))
        await line.expect("ack")
        assert guard.counts()["permission_asked"] == 1


async def test_without_hooks_everybody_is_an_editor(
    stage: Stage, autojump_clock: trio.testing.MockClock
) -> None:
    """And a session has no task more than before. [HEL-12]"""
    _, welcome = await stage.join()
    assert welcome["role"] == "editor"
