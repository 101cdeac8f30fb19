"""The timeout registry: every deadline, wait and interval of the server, each with its reason.

Nothing else in the package names a duration. Code writes `trio.fail_after(timeouts.HELLO.seconds)`.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Timeout:
    """One deadline or interval."""

    name: str
    seconds: float
    """More than zero."""
    rationale: str
    """Why this value and not half or double of it; cites the requirement or measurement."""


REGISTRY: Final[dict[str, Timeout]] = {}


def _register(name: str, seconds: float, rationale: str) -> Timeout:
    if name in REGISTRY:
        raise ValueError(f"timeout {name!r} is registered twice")
    timeout = Timeout(name, seconds, rationale)
    REGISTRY[name] = timeout
    return timeout


HELLO: Final = _register(
    "hello",
    2.0,
    "Protocol: a silent listener counts as a bare hello after 2 s; longer delays the first picture of a client that never says hello.",
)
REQUEST_HEAD: Final = _register(
    "request-head",
    5.0,
    "A head is one packet; 5 s lets a bad mobile link retransmit twice and frees a slot from a peer that says nothing.",
)
WS_HANDSHAKE: Final = _register(
    "ws-handshake",
    5.0,
    "One write after the head was read; only a peer whose receive window is closed takes longer.",
)
WS_CLOSE: Final = _register(
    "ws-close",
    1.0,
    "A closing handshake is one round trip; a peer that does not answer in 1 s gets its socket closed (RFC 6455 section 7.1.1 lets us).",
)
PING_INTERVAL: Final = _register(
    "ping-interval",
    10.0,
    "R11: three pings fit into the 30 s, so that one lost ping never ends a session; below the 60 s at which proxies cut idle sockets.",
)
DEAD_PEER: Final = _register(
    "dead-peer", 30.0, "R11: 30 s after the last sign of life a silent peer is gone."
)
BROADCAST_TICK: Final = _register(
    "broadcast-tick", 0.05, "R11: at most 50 ms of gathering under load; people notice about 100 ms."
)
SLOW_CLIENT: Final = _register(
    "slow-client",
    15.0,
    "R14: a socket that took no byte for 15 s while we had some for it is closed with 4408; a phone changing networks needs up to 10 s.",
)
ROOM_IDLE: Final = _register(
    "room-idle",
    60.0,
    "R13: a board without sessions leaves memory after a minute; a reload or a short tunnel comes back to a warm board.",
)
DRAIN_GRACE: Final = _register(
    "drain-grace",
    10.0,
    "R12: after SIGTERM sessions get this long to take their last frames; within the 30 s that process supervisors commonly allow.",
)
DRAIN_NOTICE: Final = _register(
    "drain-notice", 0.5, "R12: time for the drain message to leave before sockets are closed with 1001."
)
RECONNECT_SPREAD: Final = _register(
    "reconnect-spread",
    5.0,
    "R12: clients of a draining server come back at a random moment within 5 s, so that a thousand of them are 200 a second.",
)
CLEANUP: Final = _register(
    "cleanup",
    2.0,
    "A shielded cleanup writes a few hundred bytes or closes a file; 2 s is a disk that stopped answering.",
)
COMMIT: Final = _register(
    "commit",
    30.0,
    "A group commit takes 0.3 ms; past 30 s the disk is gone and the ops are refused as retryable (their fate is told by the retry).",
)
STORAGE_RETRY: Final = _register(
    "storage-retry",
    1.0,
    "Between two write probes of `/readyz`: seldom enough to cost nothing, soon enough to notice recovery.",
)
SQLITE_BUSY: Final = _register(
    "sqlite-busy",
    2.0,
    "Only our own process opens the file; 2 s covers an operator's read-only shell taking a backup.",
)
ACCEPT_BACKOFF: Final = _register(
    "accept-backoff",
    0.1,
    "Out of descriptors: Trio's own back-off; sooner burns the core, later delays recovery.",
)
CLIENT_CONNECT: Final = _register(
    "client-connect", 10.0, "Client: DNS, TCP, TLS and upgrade on a bad link; then try again with back-off."
)
CLIENT_RETRY_FIRST: Final = _register(
    "client-retry-first",
    0.25,
    "Client: first reconnect delay before jitter; a restarted server is back in about a second.",
)
CLIENT_RETRY_CAP: Final = _register(
    "client-retry-cap",
    15.0,
    "Client: the longest reconnect delay, so that a returning server is found within seconds.",
)
CLIENT_ANSWER: Final = _register(
    "client-answer",
    45.0,
    "Client: an op that the server passed over and that is sent again, alone, counts as passed over again after this; above COMMIT, after which the server says that it cannot store now.",
)
STORAGE_CLOSE: Final = _register(
    "storage-close",
    5.0,
    "R12: writes queued at shutdown are one group commit, 50 ms on a slow disk; 5 s leaves room within what supervisors allow.",
)
STORAGE_TAIL: Final = _register(
    "storage-tail",
    0.5,
    "Looks for other processes' appends while somebody waits for them; the port promises a second, a look costs 50 µs.",
)
REDIS_CONNECT: Final = _register(
    "redis-connect",
    2.0,
    "TCP, TLS and HELLO to a server in the same room: a millisecond; 2 s bridges one lost SYN (RFC 6298: resent after 1 s).",
)
REDIS_ANSWER: Final = _register(
    "redis-answer",
    5.0,
    "The largest script takes some 20 ms, an fsync by Redis up to 2 s on a busy disk; later the ops are refused as retryable, well within COMMIT.",
)
EPOCH_AGREED: Final = _register(
    "epoch-agreed",
    3600.0,
    "A board that nobody has drawn on: servers that open it within the hour agree on its history's name; later ones meet at the first op.",
)
TAIL_ROUND: Final = _register(
    "tail-round",
    0.1,
    "One blocking read of the streams that somebody waits on: a board that is opened joins the next one, which people do not notice; ten idle reads a second cost 3 ms.",
)
TAIL_LINGER: Final = _register(
    "tail-linger",
    2.0,
    "A board stays in the blocking read this long after its last waiter: a commit that holds up the next wait takes less.",
)
PRESENCE_BEAT: Final = _register(
    "presence-beat",
    5.0,
    "Between servers: all of one's people once more, so that a lost message is made up for before anybody wonders; a few hundred bytes a board.",
)
PRESENCE_TTL: Final = _register(
    "presence-ttl",
    15.0,
    "Between servers: three beats in a row are lost only with the server that sent them; its people then leave the list.",
)
LOG_CHECK: Final = _register(
    "log-check",
    5.0,
    "A board that hears nothing from a shared log looks whether it is still the same one: a question of 0.2 ms, and people see within 5 s that it was deleted or lost.",
)
DOCTOR_STEP: Final = _register(
    "doctor-step",
    10.0,
    "Doctor: one question, from the connection to the whole answer; visitors wait no longer either, as CLIENT_CONNECT has it.",
)
DOCTOR_WHOLE: Final = _register(
    "doctor-whole",
    90.0,
    "Doctor: the whole examination beside the wait for proxies; a second where all is well, some minutes where each step takes all of its time, which nobody waits for.",
)
DOCTOR_IDLE_MARGIN: Final = _register(
    "doctor-idle-margin",
    2.0,
    "Doctor: a ping that is due may be as late on a bad link; an idle socket is watched for one ping interval and this.",
)
DOCTOR_LONGEST_WAIT: Final = _register(
    "doctor-longest-wait",
    3600.0,
    "Doctor: the longest wait that may be asked for; proxies that cut tunnels by their age do so within an hour.",
)
CLOCK_APART: Final = _register(
    "clock-apart",
    5.0,
    "Doctor: machines with time synchronisation are apart by milliseconds, so 5 s says that one has none; people do not notice them yet.",
)
CLOCK_WRONG: Final = _register(
    "clock-wrong",
    60.0,
    "Doctor: people see a minute in the times of their boards, and what is valid for a short time (links, tokens) fails.",
)
CERTIFICATE_ENDS: Final = _register(
    "certificate-ends",
    14 * 86_400.0,
    "Doctor: certificates of 90 days are renewed 30 days before their end; with 14 left the renewal has failed for two weeks.",
)
TLS_HANDSHAKE: Final = _register(
    "tls-handshake",
    5.0,
    "Two round trips and a signature; as long as the request head gets, so that TLS buys a silent peer no more time than plain HTTP.",
)
LINGER: Final = _register(
    "linger",
    1.0,
    "RFC 9112 section 9.6: closing over unread bytes makes the kernel reset the connection and can destroy our last answer; one slow round trip.",
)
HTTP_SEND: Final = _register(
    "http-send",
    15.0,
    "R14 for HTTP: a reader that takes no SEND_BYTES in 15 s (35 kbit/s) is cut, so that answers do not pile up in memory; as SLOW_CLIENT is for sockets.",
)
HTTP_DRAIN: Final = _register(
    "http-drain",
    1.0,
    "R12: what HTTP answers under way get when the sessions have used up DRAIN_GRACE; then their connections are closed by force.",
)
BOARD_VIEW: Final = _register(
    "board-view",
    5.0,
    "Wait for one of MAX_BOARD_VIEWS places: a large board is made and sent in about a second; who waits longer is better told to come back.",
)
COME_BACK: Final = _register(
    "come-back",
    5.0,
    "Retry-After of a server that drains or is full: a restart takes about a second, and the upper end of what `drain` tells sessions is the same.",
)
ACCEPT_EPISODE: Final = _register(
    "accept-episode",
    10.0,
    "Accepting counts as well again after 10 s without a pause: one log line for each shortage of descriptors, however it flickers.",
)
HTTP_KEEP_ALIVE: Final = _register(
    "http-keep-alive",
    15.0,
    "An idle HTTP connection serves a page's next request without a handshake; longer would only keep descriptors from those who come.",
)
READY_PROBE: Final = _register(
    "ready-probe",
    0.8,
    "A write probe takes 1 ms; supervisors give /readyz 1 s by default, and an answer in time beats none.",
)
REQUEST_BODY: Final = _register(
    "request-body",
    10.0,
    "An API body is at most one window of packets; a phone changing networks needs up to 10 s.",
)
UPKEEP: Final = _register(
    "upkeep",
    1.0,
    "Looks whether a board wants a checkpoint: a comparison of two numbers, often enough to spread the writes.",
)
FULL_BOARD: Final = _register(
    "full-board",
    15.0,
    "Between two checkpoints of a full board, which alone let deleted elements leave; each writes up to 128 MiB, so sooner would keep a disk busy.",
)
COMPACT_PAUSE: Final = _register(
    "compact-pause",
    0.02,
    "Between two slices of compaction, so that commits of busy boards go in between; a slice takes about 5 ms.",
)
EVICT_SWEEP: Final = _register(
    "evict-sweep",
    5.0,
    "Looks for boards without sessions; an idle board stays at most this much longer than ROOM_IDLE.",
)
REFUSAL_COUNTS: Final = _register(
    "refusal-counts",
    5.0,
    "R55: how long `/readyz` remembers a refused commit; a load balancer looks every few seconds and must see it once.",
)
