-- What is known about boards: who may, who was there, what happened. PostgreSQL has the same tables.

CREATE TABLE known_boards (
    board      TEXT PRIMARY KEY,
    created_at INTEGER NOT NULL,                   -- or when it was first noticed
    seen_at    INTEGER NOT NULL,                   -- somebody came to it
    deleted_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX known_boards_deleted ON known_boards (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE servers (
    server     TEXT PRIMARY KEY,                   -- one life of a server
    instance   TEXT NOT NULL,                      -- what it is called
    started_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL                    -- its last sign of life, by the database's clock
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    session  TEXT PRIMARY KEY,
    board    TEXT NOT NULL,
    server   TEXT NOT NULL,
    client   TEXT NOT NULL,
    user_id  TEXT,
    name     TEXT NOT NULL,
    address  TEXT NOT NULL,
    since    INTEGER NOT NULL,
    ended_at INTEGER,
    why      TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_live ON sessions (session) WHERE ended_at IS NULL;
CREATE INDEX sessions_live_on ON sessions (board, session) WHERE ended_at IS NULL;
CREATE INDEX sessions_of ON sessions (server);
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE users (
    user_id     TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    disabled_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE grants (
    board      TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    role       TEXT NOT NULL CHECK (role IN ('owner', 'editor', 'viewer')),
    granted_at INTEGER NOT NULL,
    granted_by TEXT NOT NULL,
    PRIMARY KEY (board, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX grants_of ON grants (user_id, board);

CREATE TABLE links (
    link       TEXT PRIMARY KEY,
    board      TEXT NOT NULL,
    digest     BLOB NOT NULL UNIQUE,               -- SHA-256 of the secret, which is kept nowhere
    role       TEXT NOT NULL CHECK (role IN ('owner', 'editor', 'viewer')),
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX links_on ON links (board, link);

CREATE TABLE audit (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    entry    TEXT NOT NULL UNIQUE,                 -- the writer's name for it: written twice it is one line
    at       INTEGER NOT NULL,
    instance TEXT NOT NULL,
    who      TEXT NOT NULL,
    what     TEXT NOT NULL,
    board    TEXT,
    subject  TEXT NOT NULL,
    detail   TEXT NOT NULL                         -- a JSON object
) STRICT;

CREATE INDEX audit_on ON audit (board, number);
CREATE INDEX audit_at ON audit (at);

-- The boards that were there before anybody kept this.
INSERT INTO known_boards (board, created_at, seen_at)
SELECT board, created_at, updated_at FROM boards WHERE board IS NOT NULL;
