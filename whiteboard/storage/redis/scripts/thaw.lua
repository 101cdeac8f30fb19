-- Puts what came from the archive in its place.
--
-- KEYS  head; then pairs of a key that was filled from the archive and the board's own key
-- ARGV  epoch, seq, as the caller saw them; at; how many members each key was filled with
-- gives 1, or 0 when the board is not cold, or not the same, or a key has gone again because filling took too long
local head = KEYS[1]
local known = redis.call("HMGET", head, "epoch", "seq", "cold")
if known[1] ~= ARGV[1] or known[2] ~= ARGV[2] or not known[3] then
  return 0
end
for at = 2, #KEYS, 2 do
  local size = redis.call("TYPE", KEYS[at]).ok == "zset" and "ZCARD" or "HLEN"
  if redis.call(size, KEYS[at]) < tonumber(ARGV[at / 2 + 3]) then
    return 0
  end
end
for at = 2, #KEYS, 2 do
  redis.call("RENAME", KEYS[at], KEYS[at + 1])
  redis.call("PERSIST", KEYS[at + 1])
end
redis.call("HDEL", head, "cold")
redis.call("HSET", head, "thawed", ARGV[3])
return 1
