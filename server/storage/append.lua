-- Append one entry to a blog's log, or answer why not. All checks come before the first write:
-- a script that fails keeps what it wrote.
--
-- KEYS  log, epoch, answers (one hash tag, one slot)
-- ARGV  1 epoch the writer knows     2 position it expects ("0-0": create the log)
--       3 position of the entry      4 field of its answer (actor and key)
--       5 fingerprint of its request 6 head   7 content   8 wake-up channel   9 blog
--       10 "1": mint a new epoch when the server's replication id is not the stored one
--       11 now in milliseconds
-- Gives {"appended"|"known", position} | {"mismatch"} | {"exists"} | {"lost"}
--       | {"conflict", position, epoch}
local log, epochs, answers = KEYS[1], KEYS[2], KEYS[3]
local epoch, expected, position, field = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local creating = expected == '0-0'

local replid = ''
if ARGV[10] == '1' then
  replid = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)') or ''
end

local function head()
  local last = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)
  return last[1] and last[1][1] or '0-0'
end

local known = redis.call('HMGET', epochs, 'epoch', 'replid')
if not known[1] and (not creating or head() ~= '0-0') then
  return {'lost'}
end

-- The server is not the one that wrote last: what it holds may be an older copy.
if known[1] and replid ~= '' and known[2] ~= replid then
  local minted = math.max(tonumber(ARGV[11]), tonumber(known[1]) + 1)
  epoch = string.format('%.0f', minted)
  redis.call('HSET', epochs, 'epoch', epoch, 'replid', replid)
  return {'conflict', head(), epoch}
end

local stored = redis.call('HGET', answers, field)
if stored then
  local fingerprint, answer = string.match(stored, '^(%S*) (%S+)$')
  if fingerprint ~= '' and fingerprint ~= ARGV[5] then
    return {'mismatch'}
  end
  -- Written again so that a WAIT on this connection has something to count.
  redis.call('HSET', answers, field, stored)
  return {'known', answer}
end

if known[1] then
  if creating then
    return {'exists'}
  end
  local now = head()
  if known[1] ~= epoch or now ~= expected then
    return {'conflict', now, known[1]}
  end
end

redis.call('XADD', log, position, 'h', ARGV[6], 'c', ARGV[7])
if creating then
  redis.call('HSET', epochs, 'epoch', epoch, 'replid', replid)
end
redis.call('HSET', answers, field, ARGV[5] .. ' ' .. position)
redis.call('PUBLISH', ARGV[8], ARGV[9])
return {'appended', position}
