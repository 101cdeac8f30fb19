-- Notes a board of the archive that this Redis has lost, as a cold one.
--
-- KEYS  head
-- ARGV  a new epoch, the archive's name for the history, seq up to which the archive has it, created, updated
-- gives 1, or 0 when the board is there
if redis.call("HSETNX", KEYS[1], "epoch", ARGV[1]) == 0 then
  return 0
end
redis.call("HSET", KEYS[1], "history", ARGV[2], "seq", ARGV[3], "compacted", ARGV[3], "archived", ARGV[3],
  "created", ARGV[4], "updated", ARGV[5], "cold", "1")
return 1
