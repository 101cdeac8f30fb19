"""Scenarios of stores that are elsewhere: what their clients are told, and what the archiver makes of a board's age."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import trio
from timeouts.scenarios.book import SURELY, SURELY_NOT, is_about, is_about_ten, scenario

from whiteboard import timeouts
from whiteboard.diagnostics import otel
from whiteboard.ids import BoardId
from whiteboard.storage import s3
from whiteboard.storage.postgres import connection, pool
from whiteboard.storage.redis import archiver
from whiteboard.storage.redis.archiver import ArchivePolicy, Archiver
from whiteboard.storage.redis.op_segments import pack_segment
from whiteboard.storage.redis.standing import Standing
from whiteboard.testing.storage_samples import ADA, as_stored, op
from whiteboard.timeouts import Timeout


@contextmanager
def overheard(place: object, name: str) -> Iterator[list[dict[str, Any]]]:
    """What others say by name to something of a library, which does nothing meanwhile."""
    said: list[dict[str, Any]] = []

    def listen(*_: object, **named: Any) -> None:
        said.append(named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place, name, listen)
        yield said


@scenario("what a client of S3 is told")
async def what_a_client_of_s3_is_told(entry: Timeout) -> str:
    """It gets the value itself; how it keeps to it is its own affair."""
    with overheard(s3, "S3Store") as said:
        s3._open_store("bucket", "http://127.0.0.1:9", None, "", None)
    (told,) = said
    given: timedelta = {
        timeouts.S3_CONNECT: told["client_options"]["connect_timeout"],
        timeouts.S3_ANSWER: told["client_options"]["timeout"],
        timeouts.S3_RETRY: told["retry_config"]["retry_timeout"],
    }[entry]
    return f"about that: {is_about(given.total_seconds(), entry)}"


@scenario("what a collector of spans is given")
async def what_a_collector_of_spans_is_given(entry: Timeout) -> str:
    """The SDK gets the value itself; how it keeps to it is its own affair."""
    with overheard(otel, "OTLPSpanExporter") as exporter, overheard(otel, "BatchSpanProcessor") as batches:
        with suppress(AttributeError):  # what is overheard makes nothing
            otel._provider(otel._sender("http://127.0.0.1:9"), 1.0, "here")
    given = {
        timeouts.TRACE_EXPORT: exporter[0]["timeout"],
        timeouts.TRACE_EVERY: batches[0]["schedule_delay_millis"] / 1_000,
    }[entry]
    return f"about that: {is_about(given, entry)}"


@scenario("what a client of PostgreSQL is told")
async def what_a_client_of_postgresql_is_told(entry: Timeout) -> str:
    """Whole seconds, as many or some part of one more; none would be no bound at all."""
    with overheard(connection.Connection, "connect") as said:
        connection.open_connection("", None)
    (told,) = said
    return (
        f"about that: {SURELY_NOT * entry.default <= told['connect_timeout'] <= SURELY * entry.default + 1}"
    )


class Spoken(connection.Connection):
    """A connection that only hears what is said on it; there are no rows."""

    broken = False

    def __init__(self) -> None:
        self.heard: list[str] = []

    def __del__(self, _: object = None) -> None:
        pass

    def execute(self, query: Any, *_: Any, **__: Any) -> Any:
        self.heard.append(str(query))
        return SimpleNamespace(fetchall=list)

    def close(self) -> None:
        pass


@scenario("what PostgreSQL is told")
async def what_postgresql_is_told(entry: Timeout) -> str:
    """With each transaction how long a statement of it may take; we wait for no more either."""
    spoken = Spoken()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "open_connection", lambda *_: spoken)
        one = pool.Pool("", None, [])
        await one.prepare()
        if entry is not timeouts.POSTGRES_MIGRATE:
            spoken.heard.clear()
            await one.run(lambda _: None, within=entry)
        await one.aclose()
    told = re.findall(r"BEGIN; SET LOCAL statement_timeout = (\d+);", spoken.heard[0])
    left = spoken.deadline - time.monotonic()
    return f"about that: {is_about(float(told[0]) / 1000, entry)}, {is_about(left, entry)}"


class Moved(Exception):
    """Ops go to the archive."""


class Segments(Archiver):
    """One whose Redis has one segment of a board, with ops of some age."""

    age = 0.0

    async def _oldest_segments(self, standing: Standing) -> list[tuple[bytes, int]]:
        await trio.lowlevel.checkpoint()
        at = archiver._now_ms() - round(self.age * 1000)
        stored = as_stored([op(ADA, 1, at=at)], standing.archived + 1)
        return [(pack_segment(stored), standing.archived + 1)]

    async def _piece_of(self, *_: object) -> Any:
        await trio.lowlevel.checkpoint()
        raise Moved


@scenario("old ops of a busy board")
async def old_ops_of_a_busy_board(entry: Timeout) -> str:
    """They stay in Redis for three quarters of the time, and go to the archive after five quarters."""
    moved = []
    for share in (SURELY_NOT, SURELY):
        one = _archiver(Segments)
        assert isinstance(one, Segments)
        one.age = share * entry.default
        try:
            moved.append(await one._move_lot(_drawn_on(0, 0)))
        except Moved:
            moved.append(True)
    return f"moved: {moved}"


def _archiver(kind: type[Archiver] = Archiver) -> Archiver:
    """One whose Redis and archive nobody asks anything."""
    nobody: Any = None
    return kind(nobody, nobody, nobody, nobody, policy=ArchivePolicy(), packing=trio.CapacityLimiter(1))


def _drawn_on(age: float, kept_ago: float) -> Standing:
    """A board by its age, and that of the checkpoint in its archive."""
    updated, kept = (archiver._now_ms() - round(ago * 1000) for ago in (age, kept_ago))
    return Standing(BoardId("b1"), "e1", 900, 800, 800, False, "h1", kept, 1, updated, 0)


@scenario("a board on which nobody draws")
async def a_board_on_which_nobody_draws(entry: Timeout) -> str:
    """It stays in Redis for three quarters of the time, and goes cold after five quarters."""
    cold = [_archiver()._goes_cold(_drawn_on(share * entry.default, 0)) for share in (SURELY_NOT, SURELY)]
    return f"goes cold: {cold}"


@scenario("a board on which many draw")
async def a_board_on_which_many_draw(entry: Timeout) -> str:
    """Its checkpoint is copied to the archive when the one there is as old as that."""
    wants = [
        _archiver()._wants_checkpoint(_drawn_on(0, share * entry.default)) for share in (SURELY_NOT, SURELY)
    ]
    return f"wants one: {wants}"


class Rounds(Archiver):
    """One that only counts its rounds."""

    count = 0

    async def round(self) -> None:
        await trio.lowlevel.checkpoint()
        self.count += 1


@scenario("an archiver goes its rounds")
async def an_archiver_goes_its_rounds(entry: Timeout) -> str:
    """So often on the average, and not at the same time as others."""
    one = _archiver(Rounds)
    assert isinstance(one, Rounds)
    with trio.move_on_after(100 * entry.default):
        await one.run()
    return is_about_ten(round(one.count / 10))
