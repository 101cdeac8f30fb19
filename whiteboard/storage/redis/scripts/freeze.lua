-- Takes all out of a board but its head, once the archive has it.
--
-- KEYS  head, checkpoints, log, then every other key of the board that holds something
-- ARGV  epoch, seq, seq of the newest checkpoint or "", as the archive has them
-- gives 1, or 0 when the board has more than the archive, or somebody listens for more ops: it is open
local head, checkpoints = KEYS[1], KEYS[2]
local known = redis.call("HMGET", head, "epoch", "seq", "archived", "cold")
if known[1] ~= ARGV[1] or known[2] ~= ARGV[2] or (known[3] or "0") ~= ARGV[2] or known[4] then
  return 0
elseif redis.call("PUBSUB", "SHARDNUMSUB", KEYS[3])[2] > 0 then
  return 0
end
local newest = ""
for _, one in ipairs(redis.call("HKEYS", checkpoints)) do
  if newest == "" or tonumber(one) > tonumber(newest) then newest = one end
end
if newest ~= ARGV[3] then
  return 0
end
redis.call("HSET", head, "cold", "1")
redis.call("UNLINK", unpack(KEYS, 2))
return 1
