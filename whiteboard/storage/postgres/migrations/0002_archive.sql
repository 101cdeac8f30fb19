-- Pieces of boards that the live storage may forget.

CREATE TABLE pieces (
    board  text COLLATE "C" NOT NULL,
    epoch  text COLLATE "C" NOT NULL,
    kind   text COLLATE "C" NOT NULL CHECK (kind IN ('segment', 'checkpoint', 'tombstones')),
    first  bigint NOT NULL,
    last   bigint NOT NULL,
    size   bigint NOT NULL,
    sha256 text NOT NULL,
    body   bytea,                                  -- NULL: where the bodies are kept elsewhere
    PRIMARY KEY (board, epoch, kind, last, first)
);

-- Bodies are compressed already.
ALTER TABLE pieces ALTER COLUMN body SET STORAGE EXTERNAL;
