"""Scenarios with a real recorder and metadata in memory, which may be away or slow."""

from collections.abc import Sequence
from typing import Any

import trio
from rooms.conftest import BOARD
from rooms.flaky import Flaky, open_flaky, virtual_ms
from timeouts.scenarios.book import ALMOST, SURELY, SURELY_NOT, before_and_after, is_about_ten, scenario

from whiteboard import limits, timeouts
from whiteboard.ids import ClientId, SessionId
from whiteboard.rooms.recorder import Recorder, open_recorder
from whiteboard.storage.metadata import Change, ServerEnded, ServerId, ServerSeen, SessionBegun
from whiteboard.timeouts import Timeout

SESSION = SessionId("s-1")


def come(recorder: Recorder) -> None:
    """Somebody comes."""
    recorder.session_opened(SESSION, BOARD, ClientId("ada"), "Ada", "10.0.0.1:5")


async def count_live(metadata: Flaky) -> int:
    """Live sessions, as the API lists them."""
    silent_ms = timeouts.SERVER_SILENT.milliseconds
    return len(await metadata.chronicle.live(limits.MAX_RECORD_PAGE, silent_ms=silent_ms))


@scenario("somebody comes and is recorded")
async def somebody_comes_and_is_recorded(entry: Timeout) -> str:
    """Not at once, for others may come with them, but soon."""
    async with open_flaky() as metadata, open_recorder(metadata, "host:1", virtual_ms) as recorder:
        await trio.sleep(1)
        come(recorder)
        live = []
        for wait in before_and_after(entry):
            await trio.sleep(wait)
            live.append(await count_live(metadata))
    return f"live: {live}"


@scenario("a server gives signs of life")
async def a_server_gives_signs_of_life(entry: Timeout) -> str:
    """Again and again, though nothing happens."""
    async with open_flaky() as metadata, open_recorder(metadata, "host:1", virtual_ms) as recorder:
        come(recorder)
        await trio.sleep(10 * entry.default)
        return is_about_ten(sum(_is_seen(batch) for batch in metadata.batches))


def _is_seen(batch: Sequence[Change]) -> bool:
    return any(isinstance(change, ServerSeen) for change in batch)


@scenario("a server is silent")
async def a_server_is_silent(entry: Timeout) -> str:
    """Its sessions are live for a while after its last sign, and then no more."""
    async with open_flaky() as metadata:
        server = ServerId("v-gone")
        begun = SessionBegun(SESSION, BOARD, server, ClientId("ada"), "Ada", "", virtual_ms())
        await metadata.record([ServerSeen(server, "host:2"), begun])
        live = []
        for wait in before_and_after(entry):
            await trio.sleep(wait)
            live.append(await count_live(metadata))
    return f"live: {live}"


@scenario("metadata are away")
async def metadata_are_away(entry: Timeout) -> str:
    """Writing is tried again and again; once a sign of life is due nobody waits for others who may come."""
    async with open_flaky() as metadata, open_recorder(metadata, "host:1", virtual_ms) as recorder:
        metadata.is_away = True
        come(recorder)
        await trio.sleep(11 * entry.default)
        tries = metadata.tries
        metadata.is_away = False
    return is_about_ten(tries)


@scenario("a last word in the metadata", late="unsaid")
async def a_last_word_in_the_metadata(entry: Timeout) -> str:
    """That the server stops is written just in time, or goes unsaid."""
    async with open_flaky() as metadata:
        async with open_recorder(metadata, "host:1", virtual_ms) as recorder:
            come(recorder)
            await trio.sleep(1)
            metadata.takes = ALMOST * entry.default
        said = any(isinstance(change, ServerEnded) for change in metadata.batches[-1])
    return "said" if said else "unsaid"


class Swept(Flaky):
    """One that counts who looks for the sessions of lost servers."""

    looks = 0

    async def end_lost(self, *args: Any, **named: Any) -> Any:
        self.looks += 1
        return await super().__getattr__("end_lost")(*args, **named)


@scenario("metadata are swept")
async def metadata_are_swept(entry: Timeout) -> str:
    """Again and again, though nothing is found; with the next sign of life after it is due."""
    async with open_flaky() as flaky:
        metadata = Swept(flaky)
        async with open_recorder(metadata, "host:1", virtual_ms) as recorder:
            come(recorder)
            beat = timeouts.SERVER_BEAT.default
            await trio.sleep(10 * (entry.default + beat / 2))
    return is_about_ten(metadata.looks)


@scenario("metadata get old")
async def metadata_get_old(entry: Timeout) -> str:
    """Who was here is told for three quarters of the time, and not after five quarters."""
    known = []
    async with open_flaky() as metadata:
        async with open_recorder(metadata, "host:1", virtual_ms) as recorder:
            come(recorder)
            recorder.session_closed(SESSION, "peer: 1000")
        for share in (SURELY_NOT, SURELY):
            later_ms = virtual_ms() + round(share * entry.default * 1000)
            async with open_recorder(metadata, "host:2", lambda: later_ms):  # noqa: B023 - called in this turn only
                await trio.sleep(timeouts.SERVER_SILENT.default + timeouts.METADATA_SWEEP.default)
            known.append(await metadata.chronicle.session(SESSION) is not None)
    return f"known: {known}"
