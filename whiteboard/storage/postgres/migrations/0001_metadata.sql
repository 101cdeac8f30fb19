-- What is known about boards: who may, who was there, what happened. SQLite has the same tables.

-- The clock by which servers are silent: theirs may differ.
CREATE FUNCTION now_ms() RETURNS bigint LANGUAGE sql VOLATILE
AS $$ SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint) $$;

CREATE TABLE known_boards (
    board      text COLLATE "C" PRIMARY KEY,
    created_at bigint NOT NULL,                    -- or when it was first noticed
    seen_at    bigint NOT NULL,                    -- somebody came to it
    deleted_at bigint
);

CREATE INDEX known_boards_deleted ON known_boards (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE servers (
    server     text COLLATE "C" PRIMARY KEY,       -- one life of a server
    instance   text NOT NULL,                      -- what it is called
    started_at bigint NOT NULL,
    seen_at    bigint NOT NULL                     -- its last sign of life, by the database's clock
);

CREATE TABLE sessions (
    session  text COLLATE "C" PRIMARY KEY,
    board    text COLLATE "C" NOT NULL,
    server   text COLLATE "C" NOT NULL,
    client   text NOT NULL,
    user_id  text,
    name     text NOT NULL,
    address  text NOT NULL,
    since    bigint NOT NULL,
    ended_at bigint,
    why      text
);

CREATE INDEX sessions_live ON sessions (session) WHERE ended_at IS NULL;
CREATE INDEX sessions_live_on ON sessions (board, session) WHERE ended_at IS NULL;
CREATE INDEX sessions_of ON sessions (server);
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE users (
    user_id     text COLLATE "C" PRIMARY KEY,
    name        text NOT NULL,
    created_at  bigint NOT NULL,
    disabled_at bigint
);

CREATE TABLE grants (
    board      text COLLATE "C" NOT NULL,
    user_id    text COLLATE "C" NOT NULL,
    role       text NOT NULL CHECK (role IN ('owner', 'editor', 'viewer')),
    granted_at bigint NOT NULL,
    granted_by text NOT NULL,
    PRIMARY KEY (board, user_id)
);

CREATE INDEX grants_of ON grants (user_id, board);

CREATE TABLE links (
    link       text COLLATE "C" PRIMARY KEY,
    board      text COLLATE "C" NOT NULL,
    digest     bytea NOT NULL UNIQUE,              -- SHA-256 of the secret, which is kept nowhere
    role       text NOT NULL CHECK (role IN ('owner', 'editor', 'viewer')),
    created_at bigint NOT NULL,
    created_by text NOT NULL,
    expires_at bigint,
    revoked_at bigint
);

CREATE INDEX links_on ON links (board, link);

CREATE TABLE audit (
    number   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entry    text NOT NULL UNIQUE,                 -- the writer's name for it: written twice it is one line
    at       bigint NOT NULL,
    instance text NOT NULL,
    who      text NOT NULL,
    what     text NOT NULL,
    board    text COLLATE "C",
    subject  text NOT NULL,
    detail   jsonb NOT NULL
);

CREATE INDEX audit_on ON audit (board, number);
CREATE INDEX audit_at ON audit (at);

CREATE TABLE probe (
    id    integer PRIMARY KEY CHECK (id = 1),
    count bigint NOT NULL
);

INSERT INTO probe (id, count) VALUES (1, 0);
