"""Boards that several servers share on Redis, and the archive behind it."""

from typing import Final

from whiteboard.registry import register

REDIS_CONNECT: Final = register(
    "redis-connect",
    2.0,
    "SLA-DURABLE-1: TCP, TLS and HELLO to a server in the same room: a millisecond; 2 s bridges one lost SYN (RFC 6298: resent after 1 s).",
    "a slow first word of Redis",
)
REDIS_ANSWER: Final = register(
    "redis-answer",
    5.0,
    "SLA-DURABLE-1: The largest script takes some 20 ms, an fsync by Redis up to 2 s on a busy disk; later the ops are refused as retryable, well within COMMIT.",
    "a slow answer of Redis",
)
REDIS_LOOK: Final = register(
    "redis-look",
    0.25,
    "SLA-DURABLE-1: While it is in doubt which Redis node has what, one is asked this often: a failover is found soon after its two seconds or more.",
    "a cluster in doubt",
)
REDIS_DOUBT: Final = register(
    "redis-doubt",
    5.0,
    "SLA-DURABLE-1: After a fault the nodes of a cluster are asked for this long who has what: the first answers may still name who has failed.",
    "a cluster in doubt",
)
REDIS_REFRESH: Final = register(
    "redis-refresh",
    2.0,
    "SLA-DURABLE-1: A Redis Cluster is asked this often who has what, so that a node which only swallows commands is left before the first of them has waited for REDIS_ANSWER.",
    "a cluster in good health",
)
REDIS_NODE_PROBE: Final = register(
    "redis-node-probe",
    0.25,
    "SLA-READY-1: Within READY_PROBE a node that does not take the probe leaves time for two others; a sound one takes 1 ms.",
    "a slow node is probed",
)
REDIS_REDIRECT: Final = register(
    "redis-redirect",
    0.02,
    "SLA-DURABLE-1: Between two tries of a command that a node refused because its slot is moving: a slot of usual boards moves in milliseconds.",
    "a slot that is moving",
)
CHANNELS_PING: Final = register(
    "channels-ping",
    5.0,
    "SLA-DURABLE-1: A connection that only listens is asked for a sign of life this often, so that a silent one is noticed within this and REDIS_ANSWER.",
    "a connection that listens",
)
TAIL_LINGER: Final = register(
    "tail-linger",
    2.0,
    "SLA-DURABLE-1: A board's log is listened to for this long after its last waiter: a commit that holds up the next wait takes less.",
    "nobody waits for a log any more",
)
PRESENCE_BEAT: Final = register(
    "presence-beat",
    5.0,
    "SLA-DURABLE-1: Between servers: all of one's people once more, so that a lost message is made up for before anybody wonders; a few hundred bytes a board.",
    "a lost word of another server",
)
PRESENCE_TTL: Final = register(
    "presence-ttl",
    15.0,
    "SLA-DURABLE-1: Between servers: three beats in a row are lost only with the server that sent them; its people then leave the list.",
    "people of another server",
)
LOG_CHECK: Final = register(
    "log-check",
    5.0,
    "SLA-DURABLE-1: A board that hears nothing from a shared log looks whether it is still the same one: a question of 0.2 ms, and people see within 5 s that it was deleted or lost.",
    "a log that is lost",
)
EPOCH_AGREED: Final = register(
    "epoch-agreed",
    3600.0,
    "SLA-DURABLE-1: A board that nobody has drawn on: servers that open it within the hour agree on its history's name; later ones meet at the first op.",
    "what Redis is told",
)
ARCHIVE_ROUND: Final = register(
    "archive-round",
    60.0,
    "SLA-ARCHIVE-1: Between two looks at all boards for what can leave Redis: a question of 0.1 ms a board; a minute's ops of a busy board are one piece.",
    "an archiver goes its rounds",
)
ARCHIVE_AGE: Final = register(
    "archive-age",
    60.0,
    "SLA-ARCHIVE-1: Ops go to the archive when they are this old: above the second or two that a Redis without `appendfsync always` may lose, so that the archive never has ops that the log gives other numbers.",
    "old ops of a busy board",
)
ARCHIVE_COLD: Final = register(
    "archive-cold",
    86_400.0,
    "SLA-ARCHIVE-1: R32, a board on which nobody has drawn for a day leaves Redis but for its head; opening it again costs one fetch of its pieces.",
    "a board on which nobody draws",
)
ARCHIVE_CHECKPOINT: Final = register(
    "archive-checkpoint",
    3_600.0,
    "SLA-ARCHIVE-1: R31, a busy board's checkpoint is copied to the archive once an hour; the ops themselves go as soon as they fill a piece.",
    "a board on which many draw",
)
ARCHIVE_LEASE: Final = register(
    "archive-lease",
    60.0,
    "SLA-ARCHIVE-1: One server archives a board at a time: several times what storing the largest piece takes, and a server that died is replaced within a round.",
    "what Redis is told",
)
THAW: Final = register(
    "thaw",
    3_600.0,
    "SLA-ARCHIVE-1: What a server filled from the archive and did not put in place, because it died, goes from Redis after this; a board of a million ops takes a minute.",
    "what Redis is told",
)
