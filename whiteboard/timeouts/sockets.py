"""Sockets and HTTP: what is read and written, and how long for."""

from typing import Final

from whiteboard.registry import register

ACCEPT_BACKOFF: Final = register(
    "accept-backoff",
    0.1,
    "SLA-READY-1: Out of descriptors: Trio's own back-off; sooner burns the core, later delays recovery.",
    "descriptors run out",
)
ACCEPT_EPISODE: Final = register(
    "accept-episode",
    10.0,
    "SLA-READY-1: Accepting counts as well again after 10 s without a pause: one log line for each shortage of descriptors, however it flickers.",
    "descriptors run out again and again",
)
REQUEST_HEAD: Final = register(
    "request-head",
    5.0,
    "SLA-ENTER-1: A head is one packet; 5 s lets a bad mobile link retransmit twice and frees a slot from a peer that says nothing.",
    "a slow head",
)
REQUEST_BODY: Final = register(
    "request-body",
    10.0,
    "SLA-ENTER-1: An API body is at most one window of packets; a phone changing networks needs up to 10 s.",
    "a slow body",
)
TLS_HANDSHAKE: Final = register(
    "tls-handshake",
    5.0,
    "SLA-ENTER-1: Two round trips and a signature; as long as the request head gets, so that TLS buys a silent peer no more time than plain HTTP.",
    "a slow handshake of TLS",
)
WS_HANDSHAKE: Final = register(
    "ws-handshake",
    5.0,
    "SLA-ENTER-1: One write after the head was read; only a peer whose receive window is closed takes longer.",
    "a window that opens late",
)
WS_CLOSE: Final = register(
    "ws-close",
    1.0,
    "SLA-PEER-1: A closing handshake is one round trip; a peer that does not answer in 1 s gets its socket closed (RFC 6455 section 7.1.1 lets us).",
    "a goodbye is answered late",
)
PUMP_PASS: Final = register(
    "pump-pass",
    0.003,
    "SLA-LIVE-1: What one pass over the sockets may take before other tasks have their turn: measured, without it a flood of ops starves what sends them (6.8 s of latency); half of it costs a tenth of the throughput.",
    "many sockets are ready",
)
PUMP_NAP: Final = register(
    "pump-nap",
    0.001,
    "SLA-LIVE-1: How long the sockets are left alone after a pass that found few, when what they bring would only wait for the next flush: the shortest that a kernel's epoll can sleep; with 24,000 ops a second in small rooms it saves 6 % of the core.",
    "what is read would only wait",
)
STRAGGLER: Final = register(
    "straggler",
    60.0,
    "SLA-PEER-1: From a session's end over a shut window: who reads on within a minute, as after a page that froze, finds why it ended; its socket and some KiB wait for that.",
    "a straggler",
)
LINGER: Final = register(
    "linger",
    1.0,
    "SLA-PEER-1: RFC 9112 section 9.6: closing over unread bytes makes the kernel reset the connection and can destroy our last answer; one slow round trip.",
    "a short answer nobody reads",
)
HTTP_SEND: Final = register(
    "http-send",
    15.0,
    "SLA-PEER-1: R14 for HTTP: a reader that takes no SEND_BYTES in 15 s (35 kbit/s) is cut, so that answers do not pile up in memory; as SLOW_CLIENT is for sockets.",
    "a slow reader",
)
LAST_HEADS: Final = register(
    "last-heads",
    1.0,
    "SLA-STOP-1: Who was let in before a restart and has not said what they want yet: one slow round trip. A browser's spare connection says nothing, and holds the stop up for so long.",
    "the last one to be let in speaks",
)
HTTP_DRAIN: Final = register(
    "http-drain",
    1.0,
    "SLA-STOP-1: What HTTP answers under way get when the sessions have used up DRAIN_GRACE; then their connections are closed by force.",
    "a server drains while it answers",
)
HTTP_KEEP_ALIVE: Final = register(
    "http-keep-alive",
    15.0,
    "SLA-PEER-1: An idle HTTP connection serves a page's next request without a handshake; longer would only keep descriptors from those who come.",
    "an idle connection",
)
BOARD_VIEW: Final = register(
    "board-view",
    5.0,
    "SLA-ENTER-1: Wait for one of MAX_BOARD_VIEWS places: a large board is made and sent in about a second; who waits longer is better told to come back.",
    "a place comes free",
)
COME_BACK: Final = register(
    "come-back",
    5.0,
    "SLA-READY-1: Retry-After of a server that drains or is full: a restart takes about a second, and the upper end of what `drain` tells sessions is the same.",
    "somebody is told when to come back",
)
READY_PROBE: Final = register(
    "ready-probe",
    0.8,
    "SLA-READY-1: A write probe takes 1 ms; supervisors give /readyz 1 s by default, and an answer in time beats none.",
    "a slow store is asked whether it writes",
)
REFUSAL_COUNTS: Final = register(
    "refusal-counts",
    5.0,
    "SLA-READY-1: How long `/readyz` remembers a refused commit; a load balancer looks every few seconds and must see it once.",
    "a refusal is remembered",
)
