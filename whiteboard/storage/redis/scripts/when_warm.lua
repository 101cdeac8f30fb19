-- Runs one command on a key of a board, unless the board's keys are in the archive.
--
-- KEYS  head, the key
-- ARGV  the command, what follows the key
-- gives {"warm", the answer} or {"cold"}
if redis.call("HEXISTS", KEYS[1], "cold") == 1 then
  return {"cold"}
end
local command = table.remove(ARGV, 1)
return {"warm", redis.call(command, KEYS[2], unpack(ARGV))}
