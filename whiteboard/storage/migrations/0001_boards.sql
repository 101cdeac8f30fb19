-- Boards, their clients, their ops, and what opens them fast.

CREATE TABLE boards (
    board_no   INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice: a deleted board's rows go later
    board      TEXT UNIQUE,                        -- NULL once deleted
    epoch      TEXT NOT NULL,
    seq        INTEGER NOT NULL,                   -- last one given
    compacted  INTEGER NOT NULL,                   -- last one whose body is in a segment
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE clients (
    client_no INTEGER PRIMARY KEY,
    board_no  INTEGER NOT NULL,
    client    TEXT NOT NULL,
    key_hash  BLOB NOT NULL,
    counter   INTEGER NOT NULL,                    -- highest stored
    lamport   INTEGER NOT NULL,                    -- highest stored
    UNIQUE (board_no, client)
) STRICT;

CREATE TABLE ops (
    board_no  INTEGER NOT NULL,
    seq       INTEGER NOT NULL,
    client_no INTEGER NOT NULL,
    counter   INTEGER NOT NULL,
    lamport   INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    body      BLOB,                                -- NULL: in the segment that holds this seq
    PRIMARY KEY (board_no, seq)
) STRICT, WITHOUT ROWID;

-- A client_no belongs to one board, so this is (board, client, counter): an op id is stored once.
CREATE UNIQUE INDEX ops_by_id ON ops (client_no, counter);

CREATE TABLE segments (
    board_no  INTEGER NOT NULL,
    last_seq  INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    body      BLOB NOT NULL,
    PRIMARY KEY (board_no, last_seq)
) STRICT;

CREATE TABLE checkpoints (
    board_no INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    checksum BLOB NOT NULL,                        -- SHA-256 of its parts, put together
    PRIMARY KEY (board_no, seq)
) STRICT;

-- zlib, cut into parts that may be written one by one; without a checkpoint of that checksum they count for nothing.
CREATE TABLE checkpoint_parts (
    board_no INTEGER NOT NULL,
    checksum BLOB NOT NULL,
    part     INTEGER NOT NULL,                     -- from 0
    body     BLOB NOT NULL,
    PRIMARY KEY (board_no, checksum, part)
) STRICT;

CREATE TABLE tombstones (
    board_no INTEGER NOT NULL,
    element  TEXT NOT NULL,
    body     BLOB NOT NULL,
    PRIMARY KEY (board_no, element)
) STRICT;

CREATE TABLE probe (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    count INTEGER NOT NULL
) STRICT;

INSERT INTO probe (id, count) VALUES (1, 0);
