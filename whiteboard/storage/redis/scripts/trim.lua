-- Notes how much of a board is in the archive, and takes out what has to be here no longer.
--
-- KEYS  head, segments
-- ARGV  epoch and seq up to which the log was archived, as the caller saw them; up to which it is now; the archive's name
--       for this history; when the newest checkpoint went there, or ""
-- gives 1, or 0 when somebody else has archived the board meanwhile, or deleted it
local head, segments = KEYS[1], KEYS[2]
local known = redis.call("HMGET", head, "epoch", "archived")
if known[1] ~= ARGV[1] or (known[2] or "0") ~= ARGV[2] then
  return 0
end
redis.call("HSET", head, "archived", ARGV[3], "history", ARGV[4])
if ARGV[5] ~= "" then
  redis.call("HSET", head, "kept", ARGV[5])
end
redis.call("ZREMRANGEBYSCORE", segments, "-inf", ARGV[3])
return 1
