-- Fills a key from the archive. It goes by itself unless it is put in place.
--
-- KEYS  the key
-- ARGV  for how many seconds it stays, the command, what follows the key
-- gives how many members it has more
local seconds = table.remove(ARGV, 1)
local command = table.remove(ARGV, 1)
local added = redis.call(command, KEYS[1], unpack(ARGV))
redis.call("EXPIRE", KEYS[1], seconds)
return added
