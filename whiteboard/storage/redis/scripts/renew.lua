-- Gives a board another epoch; its ops stay.
--
-- KEYS  head
-- ARGV  the epoch that it has, the one that it is to have
-- gives 1, or 0 when it has another one already
if redis.call("HGET", KEYS[1], "epoch") ~= ARGV[1] then
  return 0
end
-- The archive's name for the history stays.
local created = tonumber(redis.call("HGET", KEYS[1], "created"))
redis.call("HSETNX", KEYS[1], "history", string.format("%013.0f-%s", created, ARGV[1]))
redis.call("HSET", KEYS[1], "epoch", ARGV[2])
return 1
