-- Notes that this Redis knows every board of the archive, unless it has been emptied since the caller began to look.
--
-- KEYS  the note
-- ARGV  what the caller left there when it began
-- gives 1 or 0
if redis.call("GET", KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call("SET", KEYS[1], "whole")
return 1
