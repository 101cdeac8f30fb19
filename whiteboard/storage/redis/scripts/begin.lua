-- Notes a board before its first op.
--
-- KEYS  head
-- ARGV  epoch, at
-- gives 1, or 0 when the board exists
if redis.call("HSETNX", KEYS[1], "epoch", ARGV[1]) == 0 then
  return 0
end
redis.call("HSET", KEYS[1], "seq", "0", "created", ARGV[2], "updated", ARGV[2])
return 1
