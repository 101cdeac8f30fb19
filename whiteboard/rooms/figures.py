"""What rooms count for `/metrics`; names after `docs/diagnostics.md`.

An op costs some 20 µs, so next to nothing is done for each: an addition where it is stored, so that it counts once whatever
becomes of its board and whoever is told. Sends are counted by the flush, times taken of groups of ops, and where ops come alone
of one in OP_SAMPLE of them, and of one flush in TURN_SAMPLE.
"""

from typing import Final

from whiteboard.diagnostics.figures import FIGURES, Counter, Histogram

OP_SAMPLE: Final = 64
TURN_SAMPLE: Final = 16
_TIMES: Final = (25e-6, 50e-6, 1e-4, 25e-5, 5e-4, 1e-3, 25e-4, 5e-3, 1e-2, 25e-3, 5e-2, 0.1, 0.25, 1.0)

CONNECTIONS: Final = FIGURES.declare(
    Counter("whiteboard_connections_total", "WebSocket sessions that ended, by how", label="outcome")
)
SLOW: Final = FIGURES.declare(
    Counter(
        "whiteboard_slow_consumer_disconnects_total",
        "Sessions ended with 4408: they took nothing for too long",
    )
)


class Flow:
    """Ops from this process's clients into logs, and frames of ops to its clients. Who counts adds to these."""

    __slots__ = ("frames", "stored")

    def __init__(self) -> None:
        self.stored = 0
        """New ops that the log took; not those that other servers stored, and not those that were said again."""
        self.frames = 0


FLOW: Final = Flow()
FIGURES.declare(
    Counter("whiteboard_ops_total", "Ops of this server's clients that were stored", read=lambda: FLOW.stored)
)
SIGNALS: Final = Counter("whiteboard_signals_total", "Messages other than ops", label="direction,type")
"""No figure of its own: `whiteboard_messages_total` has it."""
FIGURES.declare(
    Counter(
        "whiteboard_messages_total",
        "Messages from clients by type (ops: those that were stored), and frames sent to all of a board",
        label="direction,type",
        read=lambda: {"in,op": FLOW.stored, "out,ops": FLOW.frames, **SIGNALS.values()},
    )
)
APPLY: Final = FIGURES.declare(
    Histogram(
        "whiteboard_op_apply_seconds",
        f"Accepting and merging a group of ops, or one in {OP_SAMPLE} that come alone; storing too where that is in memory",
        _TIMES,
    )
)
BROADCAST: Final = FIGURES.declare(
    Histogram(
        "whiteboard_broadcast_seconds",
        f"Handing ops or pointers to all live sessions of the boards whose turn it is: one turn in {TURN_SAMPLE}",
        _TIMES,
    )
)
STORAGE_WRITE: Final = FIGURES.declare(
    Histogram(
        "whiteboard_storage_write_seconds",
        "Appending a group of ops to a log that has to be waited for",
        _TIMES,
    )
)
STORAGE_ERRORS: Final = FIGURES.declare(
    Counter(
        "whiteboard_storage_errors_total", "Groups of ops that storage refused, or did not answer in time"
    )
)
RESYNCS: Final = FIGURES.declare(
    Counter("whiteboard_resyncs_total", "Clients told to begin anew, by why", label="reason")
)
