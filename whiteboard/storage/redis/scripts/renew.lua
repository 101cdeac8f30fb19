-- Gives a board another epoch; its ops stay.
--
-- KEYS  head
-- ARGV  the epoch that it has, the one that it is to have
-- gives 1, or 0 when it has another one already
if redis.call("HGET", KEYS[1], "epoch") ~= ARGV[1] then
  return 0
end
redis.call("HSET", KEYS[1], "epoch", ARGV[2])
return 1
