"""Coming back: resume, old states, other histories (R7, failure class "stale client wins")."""

import pytest
import trio
from integration.bare_socket import bare_socket
from integration.conftest import Serve
from integration.polling import until
from integration.server_process import Json, ServerProcess

from whiteboard.client import Ack, Answer, Event, OpEvent, Resync, SnapshotPart, Welcome, open_board

pytestmark = pytest.mark.integration


async def test_resume_brings_what_was_missed_only(server: ServerProcess) -> None:
    """With `since` and `epoch` exactly the missed ops come, in order, and no snapshot. [RES-3]"""
    async with open_board(server.url, "b") as early:
        for number in range(5):
            await early.stroke([[number, 0]], element=f"s{number}")
        await early.reached(5)
    async with open_board(server.url, "b") as other:
        for number in range(5, 9):
            await other.stroke([[number, 0]], element=f"s{number}")
    async with open_board(
        server.url, "b", client=early.client, key=early.key, since=early.seq, epoch=early.epoch
    ) as back:
        await back.reached(9)
        assert back.client == early.client
        seen = [await anext(back.events()) for _ in range(5)]
    assert isinstance(seen[0], Welcome)
    assert [event.seq for event in seen[1:] if isinstance(event, OpEvent)] == [6, 7, 8, 9]


async def test_resume_after_a_restart(serve: Serve) -> None:
    """A client that stays through a restart in sqlite mode misses nothing and is not resynced."""
    server = serve("sqlite")
    async with open_board(server.url, "b") as watcher:
        async with open_board(server.url, "b") as drawer:
            await drawer.stroke([[0, 0]], element="s0")
            await watcher.reached(1)
        server.kill()
        server.start()
        async with open_board(server.url, "b") as drawer:
            await drawer.stroke([[0, 0]], element="s1")
        await watcher.reached(2)
        events: list[Event] = []
        while not events or getattr(events[-1], "seq", 0) != 2 or not isinstance(events[-1], OpEvent):
            events.append(await anext(watcher.events()))
    assert not [event for event in events if isinstance(event, Resync)]
    assert [event.seq for event in events if isinstance(event, OpEvent)] == [1, 2]
    assert len([event for event in events if isinstance(event, SnapshotPart)]) == 1


async def test_memory_mode_after_a_restart_is_another_history(serve: Serve) -> None:
    """A memory server that was killed begins anew: `since` of before gets a `resync`. [RES-5]"""
    server = serve("memory")
    async with bare_socket(server.url, "b") as one:
        welcome = await one.enter(client="c-1")
        await one.say({"type": "stroke", "id": "s1", "points": [[0, 0]]})
        await one.hear_kind("ack")
    server.kill()
    server.start()
    async with bare_socket(server.url, "b") as one:
        await one.enter(since=1, epoch=welcome["epoch"])
        assert (await one.hear_kind("resync", "snapshot"))["type"] == "resync"
        assert (await one.hear_kind("snapshot"))["elements"] == []


async def test_stale_client_does_not_overwrite_newer_edits(server: ServerProcess) -> None:
    """Who was offline with an old state loses against edits it had not seen; its new elements appear."""
    async with open_board(server.url, "b") as early:
        await early.shape("rectangle", (0, 0, 10, 10), element="r1", color="red")
        await early.reached(1)
    old_seq = early.seq
    async with open_board(server.url, "b") as other:
        for step in range(1, 4):
            await other.set("r1", {"x": step * 100})
    async with open_board(server.url, "b", client=early.client, key=early.key, since=old_seq) as back:
        offline: list[Json] = [
            {"type": "set", "id": "r1", "props": {"x": -1, "color": "blue"}, "seen": old_seq},
            {"type": "stroke", "id": "new", "points": [[1, 1]], "seen": old_seq},
        ]
        for op in offline:
            assert isinstance(await back.send(op), Ack)
    elements = {one["id"]: one for one in (await server.board("b"))["elements"]}
    assert elements["r1"]["x"] == 300
    assert elements["r1"]["color"] == "blue", "a property that nobody else touched is the stale client's"
    assert elements["new"]["points"] == [[1, 1]]
    print(f"\n{server.mode}: x stays {elements['r1']['x']}, colour becomes {elements['r1']['color']}")


async def test_offline_ops_are_sent_once_on_return(serve: Serve) -> None:
    """Ops posted while the server was down arrive once it is back, in order."""
    server = serve("sqlite")
    async with open_board(server.url, "b", client="c-1") as board:
        op_ids = [(await board.stroke([[0, 0]], element="s0")).op_id]
        server.kill()
        await until(lambda: not board.is_connected)
        for number in range(1, 20):
            op = {"type": "append", "id": "s0", "from": number, "points": [[number, 0]]}
            op_ids.append(str(board.post(op)))
        server.start()
        await board.flush()
    (stroke,) = (await server.board("b"))["elements"]
    assert stroke["points"] == [[number, 0] for number in range(20)]
    assert [op["opId"] for op in await server.ops("b")] == op_ids


def counter_of(answer: Answer) -> int:
    """The counter of an op of c-1."""
    assert answer.op_id is not None
    client, counter = answer.op_id.split(":")
    assert client == "c-1"
    return int(counter)


async def test_client_id_needs_its_key(server: ServerProcess) -> None:
    """Without its key a client id that was used is not given again. [IDN-4]"""
    async with open_board(server.url, "b", client="c-1") as first:
        assert first.client == "c-1"
        drawn = await first.stroke([[0, 0]])
    async with open_board(server.url, "b", client="c-1") as thief:
        assert thief.client != "c-1"
    async with open_board(server.url, "b", client="c-1", key=first.key) as back:
        assert back.client == "c-1"
        answer = await back.delete("s1")
        assert counter_of(answer) > counter_of(drawn)


async def test_deleted_board_is_another_history(server: ServerProcess) -> None:
    """After a board was deleted and begun again, a `since` of before does not count. [RES-5]"""
    async with open_board(server.url, "b") as early:
        await early.stroke([[0, 0]], element="old")
        await early.reached(1)
    status, _ = await trio.to_thread.run_sync(server.request, "DELETE", "/api/boards/b")
    assert status in {200, 204}
    async with open_board(server.url, "b") as other:
        await other.stroke([[0, 0]], element="new")
        assert other.epoch != early.epoch
    async with open_board(server.url, "b", since=1, epoch=early.epoch) as back:
        await back.reached(1)
        kinds = [type(await anext(back.events())) for _ in range(3)]
    assert kinds == [Welcome, Resync, SnapshotPart]
