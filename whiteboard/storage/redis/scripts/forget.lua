-- Forgets a board.
--
-- KEYS  head, then every other key of the board
-- ARGV  the epoch of the board that is meant, or "" for whichever has the name
-- gives 1, or 0 when there was none, or another one
if ARGV[1] ~= "" and redis.call("HGET", KEYS[1], "epoch") ~= ARGV[1] then
  return 0
end
local known = redis.call("EXISTS", KEYS[1])
redis.call("UNLINK", unpack(KEYS))
return known
