-- Counts who listens for more ops of a board: at least one while it is open anywhere.
--
-- KEYS  log
-- gives their number
return redis.call("PUBSUB", "SHARDNUMSUB", KEYS[1])[2]
