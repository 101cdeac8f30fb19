-- Keeps a lease that the caller holds, or gives it back.
--
-- KEYS  the lease
-- ARGV  the holder; for how many more milliseconds, or 0
-- gives 1, or 0 when somebody else holds it, or nobody
if redis.call("GET", KEYS[1]) ~= ARGV[1] then
  return 0
end
if ARGV[2] == "0" then
  redis.call("DEL", KEYS[1])
else
  redis.call("PEXPIRE", KEYS[1], ARGV[2])
end
return 1
