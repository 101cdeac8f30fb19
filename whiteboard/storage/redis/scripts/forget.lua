-- Forgets a board.
--
-- KEYS  head, then every other key of the board
-- gives 1, or 0 when there was none
local known = redis.call("EXISTS", KEYS[1])
redis.call("UNLINK", unpack(KEYS))
return known
