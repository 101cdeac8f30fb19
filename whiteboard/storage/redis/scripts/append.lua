-- Stores ops: looks for repeats, numbers the new ones, adds them to the stream as one entry.
-- It has looked at everything before it writes anything, so it stores all of it or nothing.
--
-- KEYS  head, log, receipts, clients
-- ARGV  epoch; 1 when it may begin the board, else 0; seq that the log is known to reach, and perhaps
--       "client:counter" (16 hex digits) and at of the op there, behind blanks;
--       how many clients; the name and key digest of each;
--       then of each op: which client (from 1), counter and rank as 16 hex digits, at, record
-- gives {"stored", then of each op seq, at, 1 when it is new}
--       or {"absent"}, {"cold"}, {"short", the log's seq}, {"lost"} when it has another op there, {"epoch", the board's epoch}, {"claimed", the client's name}
local head, log, receipts, clients = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local epoch, may_begin, count = ARGV[1], ARGV[2] == "1", tonumber(ARGV[4])
local least, newest, newest_at = string.match(ARGV[3], "^(%d+) ?(%S*) ?(%d*)$")
local known = redis.call("HMGET", head, "epoch", "seq", "cold")
local seq = tonumber(known[2]) or 0
if known[1] and known[1] ~= epoch then
  return {"epoch", known[1]}
elseif seq < tonumber(least) then
  return {"short", seq}
elseif not known[1] and not may_begin then
  return {"absent"}
elseif known[3] then
  return {"cold"}
end

local function find(name)
  return redis.call("ZRANGEBYLEX", receipts, "[" .. name .. ":", "(" .. name .. ";", "LIMIT", 0, 1)[1]
end

if newest ~= "" then
  local rest = string.sub(find(newest) or "", #newest + 2)
  if tonumber(string.sub(rest, 1, 16), 16) ~= tonumber(least) or string.sub(rest, 35) ~= newest_at then
    return {"lost"}
  end
end

local people = {}
for index = 1, count do
  local name, key = ARGV[3 + 2 * index], ARGV[4 + 2 * index]
  local record = redis.call("HGET", clients, name)
  if record and string.sub(record, 33) ~= key then
    return {"claimed", name}
  end
  people[index] = {
    name = name,
    key = key,
    counter = record and string.sub(record, 1, 16) or "",
    rank = record and string.sub(record, 17, 32) or "",
  }
end

local first = 5 + 2 * count
local answer, records, last_at = {"stored"}, {}, nil
for at = first, #ARGV, 5 do
  local person, counter, rank, moment = people[tonumber(ARGV[at])], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local name = person.name .. ":" .. counter
  local found
  if counter <= person.counter then
    found = find(name)
  end
  if found then
    local rest = string.sub(found, #name + 2)
    table.insert(answer, tonumber(string.sub(rest, 1, 16), 16))
    table.insert(answer, tonumber(string.sub(rest, 35)))
    table.insert(answer, 0)
  else
    seq = seq + 1
    redis.call("ZADD", receipts, 0, string.format("%s:%016x:%s:%s", name, seq, rank, moment))
    table.insert(records, ARGV[at + 4])
    if counter > person.counter then person.counter = counter end
    if rank > person.rank then person.rank = rank end
    person.is_new = true
    last_at = moment
    table.insert(answer, seq)
    table.insert(answer, tonumber(moment))
    table.insert(answer, 1)
  end
end

if #records > 0 then
  if not known[1] then
    redis.call("HSET", head, "epoch", epoch, "created", ARGV[first + 3])
  end
  for _, person in ipairs(people) do
    if person.is_new then
      redis.call("HSET", clients, person.name, person.counter .. person.rank .. person.key)
    end
  end
  redis.call("XADD", log, string.format("%.0f-%d", seq, #records), "ops", table.concat(records))
  redis.call("HSET", head, "seq", string.format("%.0f", seq), "updated", last_at)
  -- Whoever waits for the log to grow listens to the channel of its name. All is stored: nothing may fail now.
  redis.pcall("SPUBLISH", log, string.format("%.0f", seq))
end
return answer
