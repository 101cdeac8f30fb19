-- An op is in the index from its compaction on. A board's few fresh ops are looked through instead: with them in the
-- index, each commit would write a page of it for each client, most of what a commit writes on a server with many boards.

DROP INDEX ops_by_id;

-- A client_no belongs to one board, so this is (board, client, counter): an op id is stored once.
CREATE UNIQUE INDEX ops_by_id ON ops (client_no, counter) WHERE body IS NULL;
