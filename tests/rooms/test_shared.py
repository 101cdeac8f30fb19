"""Two hubs on one storage, as two servers have it: ops and people of either are seen at the other (R30, R21)."""

import json
from collections.abc import AsyncIterator

import pytest
import trio
from rooms.pair import Pair, open_pair
from trio.testing import MockClock

from whiteboard import timeouts
from whiteboard.errors import StorageConflict
from whiteboard.ids import BoardId, ClientId, OpId
from whiteboard.protocol import close_codes
from whiteboard.rooms.replica import Replica
from whiteboard.storage.ports import NewOp


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    """Two servers."""
    async with open_pair() as opened:
        yield opened


async def test_ops_of_one_are_told_at_the_other(pair: Pair, autojump_clock: MockClock) -> None:
    """What is stored through one server is merged and told at the other, in the log's order."""
    ada, _ = await pair.one.join()
    lin, _ = await pair.other.join()
    ada.say({"type": "stroke", "id": "s1", "points": [[0, 0]]})
    assert (await ada.expect("ack"))["seq"] == 1
    assert (await lin.expect("stroke"))["seq"] == 1
    lin.say({"type": "set", "id": "s1", "props": {"color": "#ff0000"}})
    assert (await lin.expect("ack"))["seq"] == 2
    assert (await ada.expect("set"))["seq"] == 2


async def test_a_board_is_begun_once(pair: Pair, autojump_clock: MockClock) -> None:
    """Two servers that open a new board agree on the epoch with the first op."""
    ada, _ = await pair.one.join()
    lin, _ = await pair.other.join()
    for element, line in (("s1", ada), ("s2", lin)):
        line.say({"type": "stroke", "id": element, "points": [[0, 0]]})
    assert {(await line.expect("ack"))["seq"] for line in (ada, lin)} == {1, 2}
    _, one = await pair.one.join()
    _, other = await pair.other.join()
    assert one["epoch"] == other["epoch"]


async def test_a_log_that_was_lost_ends_the_room(pair: Pair, autojump_clock: MockClock) -> None:
    """A board whose log is gone is noticed within LOG_CHECK, and nobody draws on into the void."""
    ada, welcome = await pair.one.join()
    ada.say({"type": "stroke", "id": "s1", "points": [[0, 0]]})
    await ada.expect("ack")
    await pair.one.storage.boards.delete(BoardId("b1"))
    pair.agreed.clear()
    began = trio.current_time()
    code, _ = await ada.wait_closed()
    assert code == close_codes.BOARD_FAILED.code
    assert trio.current_time() - began <= 2 * timeouts.LOG_CHECK.seconds
    _, again = await pair.one.join()
    assert again["epoch"] != welcome["epoch"]
    assert again["seq"] == 0


async def test_a_board_begun_again_is_not_taken_for_the_old_one(
    pair: Pair, autojump_clock: MockClock
) -> None:
    """Deleted and begun again elsewhere, and longer than before: nobody here is told of it as if it went on."""
    ada, _ = await pair.one.join()
    ada.say([{"type": "stroke", "id": f"s{n}", "points": [[0, 0]]} for n in range(3)])
    await ada.expect("ack", seq=3)
    await pair.other.storage.boards.delete(BoardId("b1"))
    new = [NewOp(OpId(ClientId("c-new"), n), 1, n, b'{"x":0}') for n in range(1, 7)]
    claims = {ClientId("c-new"): b"k" * 32}
    await pair.other.storage.op_log.append(BoardId("b1"), new, epoch="another", claims=claims)
    code, _ = await ada.wait_closed()
    assert code == close_codes.BOARD_FAILED.code
    assert max(message.get("seq", 0) for message in ada.read()) <= 3


async def lose_the_end(pair: Pair, epoch: str, count: int) -> None:
    """Have the log hold other ops under the same numbers, in the same history."""
    await pair.other.storage.boards.delete(BoardId("b1"))
    new = [drawn(ClientId("c-new"), number) for number in range(1, count + 1)]
    claims = {ClientId("c-new"): b"k" * 32}
    await pair.other.storage.op_log.append(BoardId("b1"), new, epoch=epoch, claims=claims)


def drawn(client: ClientId, number: int) -> NewOp:
    """A point, as it is stored."""
    stroke = {"type": "stroke", "id": f"{client}-{number}", "points": [[0, 0]]}
    body = {"at": 1, "opId": f"{client}:{number}", "clock": {client: number}, "seen": 0, "lamport": number}
    return NewOp(OpId(client, number), 1, number, json.dumps({**body, **stroke}).encode())


@pytest.mark.parametrize("is_busy", [False, True], ids=["quiet", "busy"])
async def test_lost_ops_whose_numbers_others_have_end_the_room(
    pair: Pair, autojump_clock: MockClock, is_busy: bool
) -> None:
    """A log that is as long as it was and has other ops is noticed within LOG_CHECK, and gets another epoch."""
    ada, welcome = await pair.one.join()
    ada.say([{"type": "stroke", "id": f"s{n}", "points": [[0, 0]]} for n in range(3)])
    await ada.expect("ack", seq=3)
    await lose_the_end(pair, welcome["epoch"], 3)
    began = trio.current_time()
    with trio.move_on_after(2 * timeouts.LOG_CHECK.seconds):
        async with trio.open_nursery() as nursery:
            if is_busy:
                nursery.start_soon(append_always, pair, welcome["epoch"])
            code, _ = await ada.wait_closed()
            nursery.cancel_scope.cancel()
    assert code == close_codes.BOARD_FAILED.code
    assert trio.current_time() - began <= timeouts.LOG_CHECK.seconds + 1
    _, again = await pair.other.join()
    assert again["epoch"] != welcome["epoch"]


async def test_nothing_is_acked_behind_lost_ops(pair: Pair, autojump_clock: MockClock) -> None:
    """An op that would be the next one, as far as the board knows, is not stored behind others' ops under the old numbers."""
    ada, welcome = await pair.one.join()
    ada.say([{"type": "stroke", "id": f"s{n}", "points": [[0, 0]]} for n in range(3)])
    await ada.expect("ack", seq=3)
    await lose_the_end(pair, welcome["epoch"], 3)
    ada.say({"type": "stroke", "id": "s4", "points": [[0, 0]]})
    code, _ = await ada.wait_closed()
    assert code == close_codes.BOARD_FAILED.code
    assert not [message for message in ada.read() if message["type"] == "ack" and message["seq"] > 3]
    head = await pair.one.storage.op_log.head(BoardId("b1"))
    assert head is not None
    assert (head.seq, head.epoch != welcome["epoch"]) == (3, True)


async def append_always(pair: Pair, epoch: str) -> None:
    """Let the log grow by an op each half second, as long as it has this epoch."""
    client, counter = ClientId("c-more"), 0
    while True:
        counter += 1
        new, claims = [drawn(client, counter)], {client: b"m" * 32}
        try:
            await pair.other.storage.op_log.append(BoardId("b1"), new, epoch=epoch, claims=claims)
        except StorageConflict:
            return
        await trio.sleep(0.5)


async def test_no_checkpoint_is_stored_of_what_was_lost(pair: Pair, autojump_clock: MockClock) -> None:
    """A board whose last ops the log has lost does not become the board of those that took their numbers."""
    ada, welcome = await pair.one.join()
    ada.say([{"type": "stroke", "id": f"s{n}", "points": [[0, 0]]} for n in range(3)])
    await ada.expect("ack", seq=3)
    replica = Replica(pair.one.storage, BoardId("b1"), epoch="")
    await replica.load()
    await lose_the_end(pair, welcome["epoch"], 5)
    with pytest.raises(StorageConflict):
        await replica.checkpoint()
    assert await pair.one.storage.snapshots.load(BoardId("b1")) is None


async def test_a_client_id_that_somebody_else_has_costs_its_bearer_only(
    pair: Pair, autojump_clock: MockClock
) -> None:
    """The same free id at two servers with two keys: the later one's ops are refused, everybody else goes on."""
    ada, _ = await pair.one.join(client="c-x", key="a" * 20)
    mal, _ = await pair.other.join(client="c-x", key="b" * 20)
    lin, _ = await pair.other.join()
    ada.say({"type": "stroke", "id": "s1", "points": [[0, 0]]})
    await ada.expect("ack")
    mal.say({"type": "stroke", "id": "s2", "points": [[0, 0]]})
    lin.say({"type": "stroke", "id": "s3", "points": [[0, 0]]})
    assert (await mal.expect("reject"))["code"] == "forged"
    assert (await lin.expect("ack"))["seq"] == 2
    assert (await ada.expect("stroke", id="s3"))["seq"] == 2


async def test_people_of_one_are_here_at_the_other(pair: Pair, autojump_clock: MockClock) -> None:
    """Who comes, changes, points and leaves at one server does so for those at the other."""
    ada, welcome = await pair.one.join(name="Ada")
    lin, hers = await pair.other.join(name="Lin")
    assert (await ada.expect("join"))["name"] == "Lin"
    assert hers["peers"] == [] or [peer["name"] for peer in hers["peers"]] == ["Ada"]
    ada.say({"type": "cursor", "x": 3, "y": 4})
    moved = await lin.expect("cursors")
    assert moved["cursors"] == [{"session": welcome["session"], "x": 3.0, "y": 4.0}]
    ada.say({"type": "hello", "name": "Augusta"})
    await lin.expect("join", name="Augusta")
    _, third = await pair.other.join()
    assert {peer["name"] for peer in third["peers"]} >= {"Augusta", "Lin"}
    ada.hang_up()
    await lin.expect("leave", session=welcome["session"])


async def test_what_the_bus_lost_is_told_again(pair: Pair, autojump_clock: MockClock) -> None:
    """A message that gets lost is made up for by the next beat."""
    lin, _ = await pair.other.join(name="Lin")
    pair.bus.is_lossy = True
    await pair.one.join(name="Ada")
    await trio.sleep(1)
    pair.bus.is_lossy = False
    began = trio.current_time()
    assert (await lin.expect("join"))["name"] == "Ada"
    assert trio.current_time() - began <= timeouts.PRESENCE_BEAT.seconds


async def test_people_of_a_server_that_is_gone_leave(pair: Pair, autojump_clock: MockClock) -> None:
    """A server that says nothing any more takes its people along, PRESENCE_TTL after its last word."""
    lin, _ = await pair.other.join(name="Lin")
    _, welcome = await pair.one.join(name="Ada")
    await lin.expect("join")
    pair.bus.is_lossy = True
    began = trio.current_time()
    assert (await lin.expect("leave"))["session"] == welcome["session"]
    bound = timeouts.PRESENCE_TTL.seconds + timeouts.PRESENCE_BEAT.seconds
    assert (
        timeouts.PRESENCE_TTL.seconds - timeouts.PRESENCE_BEAT.seconds <= trio.current_time() - began <= bound
    )
