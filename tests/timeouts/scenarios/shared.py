"""Scenarios with two servers in one process, and with what the server does for itself."""

from pathlib import Path

import structlog
import trio
from rooms.conftest import BOARD
from rooms.pair import Pair, open_pair
from timeouts.scenarios.book import ALMOST, SURELY, SURELY_NOT, before_and_after, scenario
from web.stand_ins import Probe, Site, StoredRooms

from whiteboard import timeouts
from whiteboard.config import Settings
from whiteboard.diagnostics.sampling import open_sampling
from whiteboard.plugins.asking import Asking
from whiteboard.storage.memory import open_memory
from whiteboard.storage.memory_metadata import open_memory_metadata
from whiteboard.timeouts import Timeout
from whiteboard.web.readiness import Readiness


@scenario("people of another server")
async def people_of_another_server(entry: Timeout) -> str:
    """They are seen for as long as it says so, a while longer when nothing arrives, and then no more."""
    async with open_pair() as pair:
        await pair.one.join(name="Ada")
        await pair.other.join(name="Lin")
        ttl, beat = timeouts.PRESENCE_TTL.default, timeouts.PRESENCE_BEAT.default
        seen = []
        for wait in (10 * beat, SURELY_NOT * ttl - beat, (SURELY - SURELY_NOT) * ttl + (1 + SURELY) * beat):
            await trio.sleep(wait)
            seen.append(await _sees_ada(pair))
            pair.bus.is_lossy = True
        return f"Ada is seen: {seen}"


@scenario("a lost word of another server")
async def a_lost_word_of_another_server(entry: Timeout) -> str:
    """That somebody came was not heard; the next beat makes up for it."""
    async with open_pair() as pair:
        await pair.one.join(name="First")
        await pair.other.join(name="Lin")
        await trio.sleep(10 * entry.default)
        pair.bus.is_lossy = True
        await pair.one.join(name="Ada")
        await trio.sleep(0.2)
        pair.bus.is_lossy = False
        seen = [await _sees_ada(pair)]
        await trio.sleep(SURELY * entry.default)
        return f"Ada is seen: {[*seen, await _sees_ada(pair)]}"


async def _sees_ada(pair: Pair) -> bool:
    """Whether the other server shows her to who comes."""
    visitor, welcome = await pair.other.join(name="Visitor")
    visitor.hang_up()
    return "Ada" in {peer["name"] for peer in welcome["peers"]}


@scenario("a log that is lost")
async def a_log_that_is_lost(entry: Timeout) -> str:
    """A board whose log is gone is noticed within a look, and nobody draws on into the void."""
    async with open_pair() as pair:
        ada, _ = await pair.one.join()
        ada.say({"type": "stroke", "id": "s1", "points": [[0, 0]]})
        await ada.expect("ack")
        await pair.one.storage.boards.delete(BOARD)
        pair.agreed.clear()
        began = trio.current_time()
        code, _ = await ada.wait_closed()
        is_soon = trio.current_time() - began <= 2 * SURELY * entry.default
        return f"closed with {code}, {'soon' if is_soon else 'late'}"


class SlowProbe(Probe):
    """One that takes its time."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    async def __call__(self) -> None:
        self.count += 1
        await trio.sleep(self.seconds)


@scenario("a slow store is asked whether it writes", late="storage does not take writes")
async def a_slow_store_is_asked(entry: Timeout) -> str:
    """The probe of /readyz ends just in time; later the answer is 503, still within what supervisors wait."""
    reasons, _ = await _asked(SlowProbe(ALMOST * entry.default), [0.0])
    return "; ".join(reasons) or "ready"


@scenario("a store is asked again")
async def a_store_is_asked_again(entry: Timeout) -> str:
    """Who asks before the pause is over gets the last answer, who asks after it a new one."""
    _, counts = await _asked(SlowProbe(0.0), [0.0, *before_and_after(entry)])
    return f"probes: {counts}"


async def _asked(probe: SlowProbe, waits: list[float]) -> tuple[list[str], list[int]]:
    """The last reasons, and how many probes there were after each wait."""
    reasons, counts = [], []
    async with (
        open_memory() as storage,
        open_memory_metadata() as metadata,
        open_sampling(Settings().rates, "prod") as sampling,
    ):
        site = Site(storage, metadata, None, StoredRooms(storage), probe, Path(), sampling)
        readiness = Readiness(site.services())
        for wait in waits:
            await trio.sleep(wait)
            reasons = await readiness.reasons()
            counts.append(probe.count)
    return reasons, counts


@scenario("a broken hook")
async def a_broken_hook(entry: Timeout) -> str:
    """It fails with every op: one line in the log for all of them in a while."""

    async def fail(_: str) -> str:
        raise KeyError("broken")

    one: Asking[str, str] = Asking(
        "it", "change", fail, lambda given: isinstance(given, str), timeouts.HOOK_OP
    )
    lines = []
    with structlog.testing.capture_logs() as logged:
        for wait in (0.0, *before_and_after(entry)):
            await trio.sleep(wait)
            await one.ask("may I")
            lines.append(len(logged))
    return f"lines: {lines}"
