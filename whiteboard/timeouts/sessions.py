"""Who is at a board: from hello to goodbye, and what each is told when."""

from typing import Final

from whiteboard.registry import register

HELLO: Final = register(
    "hello",
    2.0,
    "SLA-ENTER-1: Protocol: a silent listener counts as a bare hello after 2 s; longer delays the first picture of a client that never says hello.",
    "a hello at the last moment",
)
PING_INTERVAL: Final = register(
    "ping-interval",
    10.0,
    "SLA-PEER-1: R11, three pings fit into the 30 s, so that one lost ping never ends a session; below the 60 s at which proxies cut idle sockets.",
    "a quiet session is pinged",
)
PING_GRID: Final = register(
    "ping-grid",
    0.25,
    "SLA-PEER-1: How much later than PING_INTERVAL a ping may go, so that one goes with others: 50 in one go with 2,000 idle sessions, a millisecond of work.",
    "pings go together",
)
DEAD_PEER: Final = register(
    "dead-peer",
    30.0,
    "SLA-PEER-1: R11, 30 s after the last sign of life a silent peer is gone.",
    "a peer falls silent",
)
SLOW_CLIENT: Final = register(
    "slow-client",
    8.0,
    "SLA-PEER-1: R14, a peer that takes nothing for so long while something waits for it is closed with 4408. Found by looks that are LOOKOUT apart, it is gone before 10 s are over; a program that collects garbage, or a page that works, pauses for less.",
    "a peer takes nothing",
)
LOOKOUT: Final = register(
    "lookout",
    1.0,
    "SLA-PEER-1: Between two looks at who takes nothing of what was sent: a standstill is found so much too late at most, and 2,000 people who all get something cost 5 ms each time.",
    "a peer takes nothing",
)
BROADCAST_TICK: Final = register(
    "broadcast-tick",
    0.05,
    "SLA-LIVE-1: At most 50 ms of gathering under load; people notice about 100 ms.",
    "people see where one points",
)
FLUSH_CREDIT: Final = register(
    "flush-credit",
    0.002,
    "SLA-LIVE-1: Flushing that is saved up while there is none: two ops that come close to each other on a quiet server both go at once; that is ten full flushes of ten people, and less than half of TICK_TURN.",
    "an op behind an op",
)
TICK_TURN: Final = register(
    "tick-turn",
    0.005,
    "SLA-LIVE-1: Rooms that commit, or send, one after the other before sockets are read again: above the cost of one full room (200 sends, 256 ops), a tenth of BROADCAST_TICK.",
    "many rooms want to send",
)
HOOK_ENTER: Final = register(
    "hook-enter",
    2.0,
    "SLA-ENTER-1: R33, a permission hook may ask a directory over the network who comes; as long as a client may be silent before its hello, and within its own patience for a welcome.",
    "a slow hook",
)
HOOK_OP: Final = register(
    "hook-op",
    0.25,
    "SLA-LIVE-1: R33, a permission hook's answer on one op stands in the way of what its author sends next; later than a quarter of a second drawing together falls apart.",
    "a slow hook",
)
HOOK_PAUSE: Final = register(
    "hook-pause",
    5.0,
    "SLA-HOOK-1: A permission hook that answered too late HOOK_PATIENCE times in a row is left alone this long, then tried with one question: pages send refused ops again within seconds.",
    "a hook that is left alone",
)
HOOK_LOG: Final = register(
    "hook-log",
    10.0,
    "SLA-HOOK-1: One line in the log for all failures of a permission hook in this time: a broken one fails with every op.",
    "a broken hook",
)
HOOK_AGAIN: Final = register(
    "hook-again",
    60.0,
    "SLA-HOOK-1: How long somebody whose permission was taken away may go on looking; a question a minute for each session is 170 a second with MAX_SESSIONS.",
    "a session whose permission is asked for again",
)
