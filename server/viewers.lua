-- Say how many readers of a blog one process has; gives how many all processes have.
--
-- KEYS  a hash: of each process, by its random number, "<readers> <when it said so, in ms>"
-- ARGV  1 number of the process   2 its readers
--       3 milliseconds after which a process that has gone silent no longer counts
--
-- The clock is this server's. A number that still holds is written again only after a third of
-- its life: appends to the log wait for the same disk.
local process, readers, life = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local sum, known, said = readers, false, redis.call('HGETALL', KEYS[1])
for i = 1, #said, 2 do
  local number, at = string.match(said[i + 1], '^(%d+) (%d+)$')
  -- Either way: a clock that was set back must not keep the dead counted.
  local age = math.abs(now - at)
  if said[i] == process then
    known = tonumber(number) == readers and age < life / 3
  elseif age < life then
    sum = sum + number
  else
    redis.call('HDEL', KEYS[1], said[i])
  end
end

if readers == 0 then
  redis.call('HDEL', KEYS[1], process)
elseif not known then
  redis.call('HSET', KEYS[1], process, string.format('%d %.0f', readers, now))
  redis.call('PEXPIRE', KEYS[1], life)
end
return sum
