"""What is known about boards, sessions and servers: PostgreSQL and the recorder."""

from typing import Final

from whiteboard.registry import register

POSTGRES_CONNECT: Final = register(
    "postgres-connect",
    3.0,
    "SLA-RECORD-1: TCP, TLS and authentication with a server in the same room: 20 ms; 3 s bridge a lost SYN, and a stop does not wait long for one that is gone.",
    "what a client of PostgreSQL is told",
)
POSTGRES_ANSWER: Final = register(
    "postgres-answer",
    5.0,
    "SLA-RECORD-1: The largest batch of metadata takes some 100 ms, a checkpoint of PostgreSQL may hold it up for seconds; nobody draws slower meanwhile.",
    "what PostgreSQL is told",
)
POSTGRES_BODY: Final = register(
    "postgres-body",
    60.0,
    "SLA-ARCHIVE-1: An archive's largest piece, 256 MiB, at 10 MiB/s and its sync; only the archiver waits for it.",
    "what PostgreSQL is told",
)
POSTGRES_MIGRATE: Final = register(
    "postgres-migrate",
    60.0,
    "SLA-RECORD-1: A migration, and the wait for another server's: tables of ours are created in 50 ms, an index over a large one takes a minute.",
    "what PostgreSQL is told",
)
RECORD_LINGER: Final = register(
    "record-linger",
    0.5,
    "SLA-RECORD-1: Changes of metadata gather this long before they are written: one transaction for a hundred people who come back at once.",
    "somebody comes and is recorded",
)
RECORD_RETRY: Final = register(
    "record-retry",
    2.0,
    "SLA-RECORD-1: Between attempts to write metadata while their place is away: recovery is noticed soon, a log is not filled.",
    "metadata are away",
)
RECORD_CLOSE: Final = register(
    "record-close",
    3.0,
    "SLA-STOP-1: What a stopping server still has to say in the metadata is one batch; when their place is away it goes unsaid.",
    "a last word in the metadata",
)
SERVER_BEAT: Final = register(
    "server-beat",
    10.0,
    "SLA-RECORD-1: A server's sign of life in the metadata: one row, whatever the number of its sessions.",
    "a server gives signs of life",
)
SERVER_SILENT: Final = register(
    "server-silent",
    45.0,
    "SLA-RECORD-1: After four lost beats a server's sessions count as ended; a restart of PostgreSQL takes less.",
    "a server is silent",
)
METADATA_SWEEP: Final = register(
    "metadata-sweep",
    60.0,
    "SLA-RECORD-1: Looks for sessions of lost servers and for what is too old: two queries that find nothing by an index.",
    "metadata are swept",
)
METADATA_KEPT: Final = register(
    "metadata-kept",
    90 * 24 * 3600.0,
    "SLA-RECORD-1: Ended sessions and lines of the audit: a quarter of a year to look into what happened, some 60 MB with a thousand visits a day.",
    "metadata get old",
)
