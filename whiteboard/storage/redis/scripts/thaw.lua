-- Puts what came from the archive in its place.
--
-- KEYS  head; then pairs of a key that was filled from the archive and the board's own key
-- ARGV  epoch, seq, as the caller saw them
-- gives 1, or 0 when the board is not cold, or not the same
local head = KEYS[1]
local known = redis.call("HMGET", head, "epoch", "seq", "cold")
if known[1] ~= ARGV[1] or known[2] ~= ARGV[2] or not known[3] then
  return 0
end
for at = 2, #KEYS, 2 do
  if redis.call("EXISTS", KEYS[at]) == 1 then
    redis.call("RENAME", KEYS[at], KEYS[at + 1])
    redis.call("PERSIST", KEYS[at + 1])
  end
end
redis.call("HDEL", head, "cold")
return 1
