"""Files, SQLite and buckets: what is written, and how long for."""

from typing import Final

from whiteboard.registry import register

STORAGE_RETRY: Final = register(
    "storage-retry",
    1.0,
    "SLA-READY-1: Between two write probes of `/readyz`: seldom enough to cost nothing, soon enough to notice recovery.",
    "a store is asked again",
)
STORAGE_CLOSE: Final = register(
    "storage-close",
    5.0,
    "SLA-STOP-1: Writes queued at shutdown are one group commit, 50 ms on a slow disk; 5 s leaves room within what supervisors allow.",
    "a slow disk at the end",
)
STORAGE_TAIL: Final = register(
    "storage-tail",
    0.5,
    "SLA-DURABLE-1: Looks for other processes' appends while somebody waits for them; the port promises a second, a look costs 50 µs.",
    "another process appends",
)
SQLITE_BUSY: Final = register(
    "sqlite-busy",
    2.0,
    "SLA-DURABLE-1: Other workers hold the file for one commit, some 50 ms with the largest; 2 s also covers an operator's shell taking a backup.",
    "a neighbour that writes for long",
)
COMMIT_RHYTHM: Final = register(
    "commit-rhythm",
    0.01,
    "SLA-LIVE-1: SQLite: the longest that a commit waits for others under load; a tenth of what people notice, and a hundred commits a second cost a busy core little.",
    "commits cost a core",
)
COMMIT_BURST: Final = register(
    "commit-burst",
    0.005,
    "SLA-LIVE-1: SQLite: time on a core that commits may take before one of them waits: some twenty lone ones after a pause, so that a quiet server's never do.",
    "commits cost a core",
)
WRITE_TURN: Final = register(
    "write-turn",
    0.001,
    "SLA-LIVE-1: Between two looks whether another worker has ended its commit, which takes about as long; SQLite's own waiting sleeps up to 0.1 s between two and loses every race to a busy neighbour.",
    "a neighbour that writes",
)
LEASE_LEFT: Final = register(
    "lease-left",
    25.0,
    "SLA-STOP-1: Workers whose front was killed drain and let the data directory go: DRAIN_GRACE and WORKER_STOP at most, a second as a rule; a server that starts meanwhile waits for them.",
    "workers that were left behind",
)
LEASE_LOOK: Final = register(
    "lease-look",
    0.05,
    "SLA-STOP-1: Between two looks at a lock that somebody is about to give up: people wait for a start.",
    "a start that waits",
)
BLOB_LEFT: Final = register(
    "blob-left",
    3_600.0,
    "SLA-ARCHIVE-1: Where several processes keep files: what was begun an hour ago and is not there yet was a dead one's; writing the largest takes seconds.",
    "a dead process was writing a file",
)
S3_CONNECT: Final = register(
    "s3-connect",
    2.0,
    "SLA-ASSET-1: TCP and TLS to a store in the same region: some milliseconds; 2 s bridges one lost SYN (RFC 6298: resent after 1 s).",
    "what a client of S3 is told",
)
S3_ANSWER: Final = register(
    "s3-answer",
    15.0,
    "SLA-ASSET-1: One request with at most S3_PART_BYTES: 8 MiB in 15 s are 4.5 Mbit/s, and a busy store needs some seconds to put a large blob's parts together; one that stands still is noticed as soon.",
    "what a client of S3 is told",
)
S3_RETRY: Final = register(
    "s3-retry",
    15.0,
    "SLA-ASSET-1: From a request's start after which it is not sent again: with S3_ANSWER a call to a store that stands still ends after 15 s, to a flickering one after 30.",
    "what a client of S3 is told",
)
ASSET_BODY: Final = register(
    "asset-body",
    60.0,
    "SLA-ASSET-1: A picture of 10 MiB in a minute is 1.4 Mbit/s, which a phone on the road has; what the page sends is mostly a tenth of it.",
    "a slow body",
)
ASSET_PLACE: Final = register(
    "asset-place",
    5.0,
    "SLA-ASSET-1: Wait for a place among the pictures that come in or go out: one takes a second or two; who waits longer is better told to come back.",
    "a place comes free",
)
