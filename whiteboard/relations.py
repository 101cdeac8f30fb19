"""What has to hold between durations, and how configuration puts others in force within that.

The server refuses to start where one does not hold, and so does CI.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from whiteboard import timeouts
from whiteboard.registry import shown


@dataclass(frozen=True, slots=True)
class Relation:
    """What has to hold between durations, whatever configuration makes of them."""

    rule: str
    """Two sums and `<` or `<=` between them, as in `PING_INTERVAL * 3 <= DEAD_PEER`. A number alone is seconds."""
    reason: str

    def fault(self, seconds: Mapping[str, float]) -> str | None:
        """Why it does not hold with these values, by constant; None when it does."""
        sign = "<=" if "<=" in self.rule else "<"
        least, most = (_sum(side, seconds) for side in self.rule.split(sign))
        if least < most or (sign == "<=" and math.isclose(least, most)):
            return None
        values = " and ".join(f"{name} {shown(seconds[name])} s" for name in self.names)
        return (
            f"{self.rule} does not hold: with {values} it would be {shown(least)} s {sign} {shown(most)} s; "
            f"{self.reason}"
        )

    @property
    def names(self) -> list[str]:
        """The constants in it, in their order."""
        return [word for word in self.rule.split() if word[0].isalpha()]


RELATIONS: Final = tuple(
    Relation(rule, reason)
    for rule, reason in (
        # sessions
        ("PING_INTERVAL * 3 <= DEAD_PEER", "three pings fit in (R11), so that a lost one ends no session"),
        ("PING_INTERVAL + PING_GRID < 60", "proxies cut sockets that are idle for a minute"),
        ("PING_GRID < PING_INTERVAL", "a ping waits for others, not for the next ping"),
        ("SLOW_CLIENT + LOOKOUT < 10", "who takes nothing is gone within 10 s (R14)"),
        ("WS_CLOSE < CLEANUP", "a session's cleanup has the closing handshake in it"),
        ("HOOK_ENTER < CLIENT_CONNECT", "a client must not give up while a hook is asked"),
        ("TLS_HANDSHAKE <= REQUEST_HEAD", "TLS buys a silent peer no more time"),
        ("STRAGGLER < LEAKED_TASK", "who sees off a session's socket is no leak"),
        # what people draw
        ("BROADCAST_TICK <= 0.05", "at most 50 ms of gathering (R11)"),
        ("TICK_TURN * 10 <= BROADCAST_TICK", "sockets are read again several times within a tick"),
        ("FLUSH_CREDIT * 2 < TICK_TURN", "saved up flushing takes less than half of a turn"),
        ("PUMP_NAP <= PUMP_PASS", "sockets are read for longer than they are left alone"),
        ("PUMP_PASS < BROADCAST_TICK", "who flushes has a turn within each tick"),
        ("COMMIT_RHYTHM < BROADCAST_TICK", "a commit that waits for others is stored within a tick"),
        # keeping it
        ("COMMIT < CLIENT_ANSWER", "the server says that it cannot store before its clients count an op as passed over"),
        ("SQLITE_BUSY < COMMIT", "an op is refused by the store that is busy, not by a lost commit"),
        ("REDIS_CONNECT + REDIS_ANSWER < COMMIT", "an op is refused by Redis, not by a lost commit"),
        ("REDIS_CONNECT <= REDIS_ANSWER", "a connection is there sooner than an answer on it"),
        ("REDIS_REFRESH < REDIS_ANSWER", "a silent node is left before the first command has waited for it"),
        ("REDIS_REDIRECT < REDIS_LOOK", "a slot that moves is looked for sooner than a node that failed"),
        ("REDIS_LOOK < REDIS_DOUBT", "nodes are asked more than once while it is in doubt who has what"),
        ("STORAGE_TAIL <= 1", "the port promises other processes' ops within a second"),
        ("REDIS_NODE_PROBE * 3 <= READY_PROBE", "a node that is silent leaves time for two others"),
        ("READY_PROBE < 1", "supervisors give /readyz a second"),
        ("READY_PROBE * 2 <= CONSUL_CHECK_ANSWER", "an answer in time must not count as none"),
        # several servers and workers
        ("PRESENCE_BEAT * 3 <= PRESENCE_TTL", "two lost messages take nobody off a board's list"),
        ("SERVER_BEAT * 4 < SERVER_SILENT", "a server's sessions do not end with a few lost beats"),
        ("RECORD_LINGER < SERVER_BEAT", "metadata are written within a beat"),
        ("METADATA_SWEEP < METADATA_KEPT", "what is too old goes soon after it is"),
        ("POSTGRES_CONNECT <= POSTGRES_ANSWER", "a connection is there sooner than an answer on it"),
        ("CONSUL_PACE < CONSUL_WAIT", "a query may last longer than the pause to the next"),
        ("CONSUL_CHECK + CONSUL_CHECK_ANSWER < CONSUL_FORGET", "one lost check takes no server off the list for good"),
        ("WORKER_BEAT * 3 <= WORKER_SILENT", "two late beats kill no worker"),
        ("CLEANUP * 2 < WORKER_ANSWER", "deleting a board ends its sessions first"),
        ("HTTP_DRAIN + CLEANUP + STORAGE_CLOSE < WORKER_STOP", "a worker that ends in order is not killed (R12)"),
        ("WORKER_STOP < LEASE_LEFT", "a server that starts waits for the workers of one that was killed"),
        ("LEASE_LOOK < LEASE_LEFT", "a lock is looked at more than once"),
        ("WORKER_RETRY_FIRST <= WORKER_RETRY_CAP", "a back-off grows"),
        ("CONSUL_RETRY_FIRST <= CONSUL_RETRY_CAP", "a back-off grows"),
        ("CLIENT_RETRY_FIRST <= CLIENT_RETRY_CAP", "a back-off grows"),
        # memory
        ("EVICT_SWEEP <= ROOM_IDLE", "an idle board stays at most twice as long as it should (R13)"),
        ("CYCLES_LOOK < CYCLES_ALL", "a quiet moment is found between two walks"),
        ("CYCLES_ALL <= CYCLES_ALL_LATEST", "who is never quiet waits longer for a walk"),
        ("MEMORY_LOOK < MEMORY_LATEST", "a quiet moment is found before it is too late"),
        ("MEMORY_POLL < MEMORY_AGAIN", "whether a dear step helped is seen before the next"),
        ("S3_CONNECT < S3_ANSWER", "a connection is there sooner than an answer on it"),
        # pictures
        ("DRAWING * 2 <= DRAWING_WAIT", "who comes second gets a picture too"),
        ("DRAWING * 4 <= DRAWING_PAUSE", "what takes too long is in nobody's way for most of the time"),
        ("DRAWING * 2 <= CANVAS_LEASE", "nothing that draws in time overstays"),
        # doctor
        ("DOCTOR_STEP <= CLIENT_CONNECT", "visitors wait no longer either"),
        ("DOCTOR_STEP < DOCTOR_WHOLE", "one slow step is not the whole examination"),
        ("CLOCK_APART < CLOCK_WRONG", "a clock is apart before it is wrong"),
    )
)  # fmt: skip


def violations(overrides: Mapping[str, float]) -> Iterator[str]:
    """What would not hold any more with `overrides`, seconds by name, in the place of the registry's values."""
    seconds = {one.constant: overrides.get(one.name, one.default) for one in timeouts.REGISTRY.values()}
    for relation in RELATIONS:
        if (fault := relation.fault(seconds)) is not None:
            yield fault


def put_in_force(overrides: Mapping[str, float]) -> None:
    """Let these values, seconds by name, hold instead of the registry's, and the registry's for all others.

    To be called before anything runs. Raises ValueError, and changes nothing, when a name is unknown, a value not
    above zero or a relation violated.
    """
    registry = timeouts.REGISTRY
    faults = [f"timeout {name!r} is not registered" for name in overrides if name not in registry]
    faults += [f"timeout {name!r} is {value} s" for name, value in overrides.items() if not value > 0]
    faults += violations(overrides)
    if faults:
        raise ValueError("; ".join(faults))
    for name, one in registry.items():
        one.seconds = overrides.get(name, one.default)


def _sum(side: str, seconds: Mapping[str, float]) -> float:
    return sum(math.prod(_factor(one, seconds) for one in term.split("*")) for term in side.split("+"))


def _factor(word: str, seconds: Mapping[str, float]) -> float:
    word = word.strip()
    return seconds[word] if word[0].isalpha() else float(word)
