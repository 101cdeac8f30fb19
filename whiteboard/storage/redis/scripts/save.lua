-- Stores a checkpoint and the tombstones that it leaves out; keeps the one before as a fallback.
--
-- KEYS  head, checkpoints, tombstones
-- ARGV  epoch, seq, checkpoint, seq up to which states were taken (16 hex digits); then pairs of element and state
-- gives {"saved"}, {"homeless"} when there is no history that the checkpoint belongs to, {"behind"} when another server
--       may have stored newer states, or {"cold"} when the board's keys are in the archive
local head, checkpoints, tombstones = KEYS[1], KEYS[2], KEYS[3]
local known = redis.call("HMGET", head, "epoch", "seq", "cold")
local seq = tonumber(ARGV[2])
if known[1] ~= ARGV[1] or tonumber(known[2] or "0") < seq then
  return {"homeless"}
elseif known[3] then
  return {"cold"}
end
local newest
local stored = redis.call("HKEYS", checkpoints)
for _, one in ipairs(stored) do
  if not newest or tonumber(one) > tonumber(newest) then newest = one end
end
if newest and tonumber(newest) >= seq then
  return {"saved"}
end
-- A state has all ops up to `seq`, and none above the label that it is stored with. One that is kept with a higher
-- label than `seq` may be the older or the newer one: then all of this waits for a later checkpoint.
local least = string.format("%016x", seq)
local fresh = {}
for at = 5, #ARGV, 2 do
  local kept = redis.call("HGET", tombstones, ARGV[at])
  if not kept or string.sub(kept, 1, 16) <= least then
    table.insert(fresh, at)
  elseif string.sub(kept, 17) ~= ARGV[at + 1] then
    return {"behind"}
  end
end
for _, one in ipairs(stored) do
  if one ~= newest then redis.call("HDEL", checkpoints, one) end
end
redis.call("HSET", checkpoints, ARGV[2], ARGV[3])
for _, at in ipairs(fresh) do
  redis.call("HSET", tombstones, ARGV[at], ARGV[4] .. ARGV[at + 1])
end
return {"saved"}
