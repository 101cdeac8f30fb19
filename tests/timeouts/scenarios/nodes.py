"""Scenarios with the real client of Redis; the other end of its sockets is played."""

from typing import Any

import trio
from timeouts.scenarios.book import ALMOST, SURELY, SURELY_NOT, is_about, is_about_ten, scenario
from timeouts.scenarios.played_redis import open_played

from whiteboard import timeouts
from whiteboard.errors import StorageUnavailable
from whiteboard.ids import BoardId
from whiteboard.storage.redis.channels import Ear
from whiteboard.storage.redis.cold import _Filled
from whiteboard.storage.redis.lease import leased
from whiteboard.storage.redis.lost import LostBoards
from whiteboard.storage.redis.op_log import RedisOpLog
from whiteboard.storage.redis.tailer import Tailer
from whiteboard.timeouts import Timeout

BOARD = BoardId("b1")


@scenario("a slow first word of Redis", late="gave up")
async def a_slow_first_word_of_redis(entry: Timeout) -> str:
    """It says who has what just in time; later it counts as away."""
    async with open_played() as (server, (redis,)):
        redis.takes = dict.fromkeys((b"CLUSTER", b"CLUSTER SLOTS"), ALMOST * entry.default)
        try:
            await server.nodes.known()
            end = "known"
        except StorageUnavailable:
            end = "gave up"
    return end


@scenario("a slow answer of Redis", late="gave up")
async def a_slow_answer_of_redis(entry: Timeout) -> str:
    """It comes just in time; later the command may be sent again."""
    async with open_played() as (server, (redis,)):
        redis.takes[b"GET"] = ALMOST * entry.default
        try:
            end = f"answered {await server.ask(server.client.get('k'))}"
        except StorageUnavailable:
            end = "gave up"
    return end


@scenario("a slow node is probed", late="another one was asked")
async def a_slow_node_is_probed(entry: Timeout) -> str:
    """It takes the probe just in time; later another one is asked."""
    async with open_played(2) as (server, nodes):
        for node in nodes:
            node.takes[b"GET"] = ALMOST * entry.default
        await server.probe()
        asked = sum(node.counts[b"GET"] for node in nodes)
    return "one was asked" if asked == 1 else "another one was asked"


@scenario("a cluster in good health")
async def a_cluster_in_good_health(entry: Timeout) -> str:
    """It is asked again and again who has what."""
    async with open_played(1) as (server, (redis,)):
        await server.nodes.known()
        await trio.sleep(10 * (entry.default + timeouts.REDIS_LOOK.default))
        return is_about_ten(_looks(redis.counts))


def _looks(counts: dict[bytes, int]) -> int:
    return counts[b"CLUSTER"] + counts[b"CLUSTER SLOTS"]


@scenario("a cluster in doubt")
async def a_cluster_in_doubt(entry: Timeout) -> str:
    """It is asked more often who has what, for a while."""
    if entry is timeouts.REDIS_LOOK:
        timeouts.REDIS_DOUBT.seconds = 100 * entry.default
    else:
        timeouts.REDIS_LOOK.seconds = entry.default / 10
    timeouts.REDIS_REFRESH.seconds = 1_000.0
    async with open_played(1) as (server, (redis,)):
        await server.nodes.known()
        await trio.sleep(timeouts.REDIS_LOOK.seconds + 0.01)
        before = _looks(redis.counts)
        server.nodes.doubt()
        await trio.sleep((10 if entry is timeouts.REDIS_LOOK else 5) * entry.default)
        return is_about_ten(_looks(redis.counts) - before)


@scenario("a slot that is moving")
async def a_slot_that_is_moving(entry: Timeout) -> str:
    """A command that is refused for it is tried again and again."""
    async with open_played() as (server, (redis,)):
        redis.refusals[b"GET"] = b"TRYAGAIN Multiple keys request during rehashing of slot"
        await server.nodes.known()
        await server.ask(server.client.set("k", "1"))
        with trio.move_on_after(10 * entry.default):
            await server.ask(server.client.get("k"))
        return is_about_ten(redis.counts[b"GET"])


@scenario("a connection that listens")
async def a_connection_that_listens(entry: Timeout) -> str:
    """It is asked for a sign of life again and again."""
    async with open_played() as (server, (redis,)):
        server.channels.listen("c", Ear(lambda _: None, lambda: None))
        await server.channels.wait_placed("c")
        await trio.sleep(10 * entry.default)
        return is_about_ten(redis.counts[b"PING"])


@scenario("nobody waits for a log any more")
async def nobody_waits_for_a_log_any_more(entry: Timeout) -> str:
    """It is listened to for three quarters of the time at least, and of two times as long not much longer."""
    async with open_played() as (server, (redis,)), trio.open_nursery() as nursery:
        tailer = Tailer(server)
        nursery.start_soon(tailer.run)
        with trio.move_on_after(entry.default / 10):
            await tailer.wait_beyond(BOARD, 0)
        left = []
        for wait in (SURELY_NOT * entry.default, (2 * SURELY - SURELY_NOT) * entry.default):
            await trio.sleep(wait)
            left.append(redis.counts[b"SUNSUBSCRIBE"])
        nursery.cancel_scope.cancel()
    return f"left: {left}"


@scenario("what Redis is told")
async def what_redis_is_told(entry: Timeout) -> str:
    """It gets the value with what is to go by itself."""
    async with open_played() as (server, (redis,)):
        if entry is timeouts.EPOCH_AGREED:
            nobody: Any = None
            op_log = RedisOpLog(
                server,
                Tailer(server),
                trio.CapacityLimiter(1),
                cold=nobody,
                lost=LostBoards(server, None),
                archive=None,
            )
            await op_log.agree(BOARD, "e1")
            words = next(words for words in redis.heard if words[0] == b"SET")
            seconds = float(words[words.index(b"EX") + 1])
        elif entry is timeouts.THAW:
            await _Filled(server, BOARD).add("receipts", "ZADD", [(1, b"x")])
            seconds = float(next(words for words in redis.heard if words[0] == b"EVALSHA")[4])
        else:
            async with leased(server, "k"):
                pass
            words = next(words for words in redis.heard if words[0] == b"SET")
            seconds = float(words[words.index(b"PX") + 1]) / 1000
    return f"about that: {is_about(seconds, entry)}"
