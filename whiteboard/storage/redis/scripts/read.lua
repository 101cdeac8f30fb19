-- Gives the next part of a board's log: segments as far as it is compacted, then stream entries. What comes before
-- the first segment is in the archive.
--
-- KEYS  head, segments, log
-- ARGV  after, how many ops are wanted, after how many bytes of entries to stop, how many segments at most
-- gives {[key, value, …] of the head, [segment, its last seq, …], [entry id, records, …]}; the first of either may
--       begin before `after`; nothing but the head when `after` lies in the archive
local head, segments, log = KEYS[1], KEYS[2], KEYS[3]
local after, wanted, enough, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local known = redis.call("HMGET", head, "compacted", "archived")
local compacted, archived = tonumber(known[1]) or 0, tonumber(known[2]) or 0
local packed, entries, reached = {}, {}, after
if after < archived then
  return {redis.call("HGETALL", head), packed, entries}
end

for number = 0, most - 1 do
  if reached >= compacted or reached >= after + wanted then
    break
  end
  local next = redis.call(
    "ZRANGEBYSCORE", segments, string.format("%.0f", after + 1), "+inf", "WITHSCORES", "LIMIT", number, 1)
  if not next[1] then
    break
  end
  table.insert(packed, next[1])
  table.insert(packed, next[2])
  reached = tonumber(next[2])
end

local size, from = 0, string.format("%.0f-0", reached + 1)
while reached >= compacted and reached < after + wanted and size <= enough do
  local page = redis.call("XRANGE", log, from, "+", "COUNT", 16)
  for _, entry in ipairs(page) do
    local records = entry[2][2]
    table.insert(entries, entry[1])
    table.insert(entries, records)
    reached = tonumber(string.match(entry[1], "^%d+"))
    size = size + #records
    if reached >= after + wanted or size > enough then
      break
    end
  end
  if #page < 16 then
    break
  end
  from = "(" .. page[#page][1]
end
return {redis.call("HGETALL", head), packed, entries}
