-- Puts a segment in the place of the entries whose ops it holds.
--
-- KEYS  head, segments, log
-- ARGV  epoch and seq up to which the log is compacted, as the caller saw them; the segment's last seq; the segment
-- gives 1, or 0 when somebody else has compacted the board meanwhile, or deleted it
local head, segments, log = KEYS[1], KEYS[2], KEYS[3]
local known = redis.call("HMGET", head, "epoch", "compacted")
if known[1] ~= ARGV[1] or (known[2] or "0") ~= ARGV[2] then
  return 0
end
redis.call("ZADD", segments, ARGV[3], ARGV[4])
redis.call("HSET", head, "compacted", ARGV[3])
-- Entries are named for their last op; one that the segment ends within stays whole.
redis.call("XTRIM", log, "MINID", "=", string.format("%.0f-0", tonumber(ARGV[3]) + 1))
return 1
