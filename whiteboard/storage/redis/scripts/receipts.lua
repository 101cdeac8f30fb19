-- Looks ops up by client and counter.
--
-- KEYS  head, receipts
-- ARGV  what is wanted; then pairs of client and counter as 16 hex digits
--         "at": the op itself; "upto": the one with the highest counter up to this one;
--         "about": those with the next lower and the next higher counter
-- gives {"warm", the receipts that there are: client:counter:seq:rank:at, …}, or {"cold"}: they are in the archive
local receipts, what = KEYS[2], ARGV[1]
if redis.call("HEXISTS", KEYS[1], "cold") == 1 then
  return {"cold"}
end
local found = {"warm"}

local function take(command, from, to)
  table.insert(found, redis.call(command, receipts, from, to, "LIMIT", 0, 1)[1])
end

for at = 2, #ARGV, 2 do
  local client, name = ARGV[at], ARGV[at] .. ":" .. ARGV[at + 1]
  if what == "at" then
    take("ZRANGEBYLEX", "[" .. name .. ":", "(" .. name .. ";")
  elseif what == "upto" then
    take("ZREVRANGEBYLEX", "(" .. name .. ";", "[" .. client .. ":")
  else
    take("ZREVRANGEBYLEX", "(" .. name, "[" .. client .. ":")
    take("ZRANGEBYLEX", "[" .. name .. ";", "(" .. client .. ";")
  end
end
return found
