"""Figures that are read from what a server consists of, for `/metrics`: counted there already, or to be had by looking."""

import platform
import weakref
from collections.abc import Callable
from typing import Final

import trio

from whiteboard import __version__, deadlines
from whiteboard.diagnostics import process
from whiteboard.diagnostics.figures import FIGURES, Counter, Gauge
from whiteboard.rooms.hub import Hub, HubStatistics
from whiteboard.transport.traffic import TRAFFIC

_HUB: Final[tuple[tuple[str, str, Callable[[HubStatistics], float]], ...]] = (
    ("whiteboard_connections", "WebSocket sessions on boards", lambda told: told.sessions),
    ("whiteboard_boards_loaded", "Boards in memory", lambda told: told.boards),
    ("whiteboard_board_leases", "Whoever needs a board to stay in memory", lambda told: told.leases),
    ("whiteboard_send_queue_bytes", "Bytes that wait for slow sockets", lambda told: told.queue_bytes),
    ("whiteboard_ops_waiting", "Ops handed in and not settled", lambda told: told.ops_waiting),
)


def declare_figures(hub: Hub) -> None:
    """Have shown what the system, the hub, the sockets and the deadlines of this process tell."""
    process.declare_figures()
    look = Look(hub)
    for name, meaning, read in _HUB:
        FIGURES.declare(Gauge(name, meaning, _reader(look, read)))
    FIGURES.declare(
        Counter(
            "whiteboard_message_bytes_total",
            "Bytes over all sockets, HTTP's too, as they travel but for TLS",
            label="direction",
            read=lambda: {"in": TRAFFIC.received, "out": TRAFFIC.sent},
        )
    )
    for name, meaning in (("hits", "ran out"), ("near_hits", "used more than 80 % of its time")):
        FIGURES.declare(
            Counter(
                f"whiteboard_timeout_{name}_total",
                f"How often a registered deadline {meaning}; docs/timeouts.md",
                label="timeout",
                read=_deadlines(name),
            )
        )
    FIGURES.declare(
        Gauge("whiteboard_build_info", "1 for each process, by what it is", _build, "version,python")
    )


class Look:
    """One look at all rooms for everything that is read in one turn of the event loop: with 1,700 boards it takes 7 ms.

    Figures stay declared for as long as the process lives; they keep no hub, and nothing that it holds, any longer than it is used.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = weakref.ref(hub)
        self._told: HubStatistics | None = None

    def now(self) -> HubStatistics:
        """What is alive right now: nothing, once the hub has gone. Call it in the thread of the event loop, or when that has ended."""
        if self._told is not None:
            return self._told
        hub = self._hub()
        told = HubStatistics(0, 0, 0, 0, 0) if hub is None else hub.statistics()
        if hub is not None and trio.lowlevel.in_trio_run():
            self._told = told
            trio.lowlevel.current_trio_token().run_sync_soon(self._forget)
        return told

    def _forget(self) -> None:
        self._told = None


def _reader(look: Look, read: Callable[[HubStatistics], float]) -> Callable[[], float]:
    return lambda: read(look.now())


def _deadlines(counter: str) -> Callable[[], dict[str, float]]:
    """Those that were used; the others are zero."""
    return lambda: {name: getattr(usage, counter) for name, usage in deadlines.usages().items()}


def _build() -> dict[str, float]:
    return {f"{__version__},{platform.python_version()}": 1}
