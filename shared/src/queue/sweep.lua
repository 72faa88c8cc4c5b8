-- One bounded step of housekeeping: what is due, what is past its retention, who is gone.
-- Cost: O(log n) per job touched; at most 100 promotions, 20 leases, 100 burials, 100 owners, 100 workers, 100 ids.
--
-- ARGV[4] crashes at which a job is dead, ARGV[5] retention in ms, ARGV[6] tombstone in ms,
-- ARGV[7] ms of silence after which a worker is forgotten, ARGV[8] ms until an id is answered again,
-- ARGV[9] ms for which no job may be made of a source that was removed, ARGV[10] lease in ms
--
-- Answers ids of jobs whose objects are to be deleted.

local now = now_ms()
promote(now)
take_back(now, tonumber(ARGV[4]))
take_over()

-- A lease holds no longer than a lease does: one that seems to was granted before the clock went back.
local longest = now + tonumber(ARGV[10])
for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'running', '(' .. longest, '+inf', 'LIMIT', 0, 100)) do
  place(P .. 'running', id, longest)
end

-- Nor are objects removed later than was ever asked for.
local latest = now + math.max(tonumber(ARGV[8]), tonumber(ARGV[9]))
for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'purge', '(' .. latest, '+inf', 'LIMIT', 0, 100)) do
  place(P .. 'purge', id, latest)
end

for _, set in ipairs({ 'done', 'dead' }) do
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. set, '-inf', now - tonumber(ARGV[5]), 'LIMIT', 0, 50)) do
    local job = read(id)
    if job then bury(job, now, tonumber(ARGV[6])) else redis.call('ZREM', P .. set, id) end
  end
end

-- An owner whose virtual time has passed starts at the present one anyway.
local passed = number(redis.call('GET', P .. 'clock'))
for _, owner in ipairs(redis.call('ZRANGEBYSCORE', P .. 'idle', '-inf', passed, 'LIMIT', 0, 100)) do
  redis.call('ZREM', P .. 'idle', owner)
end

for _, worker in ipairs(redis.call('ZRANGEBYSCORE', P .. 'workers', '-inf', now - tonumber(ARGV[7]), 'LIMIT', 0, 100)) do
  redis.call('ZREM', P .. 'workers', worker)
end

settle() -- what was buried is purged
local purge = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'purge', '-inf', now, 'LIMIT', 0, 100)) do
  local job = read(id)
  if job and job.state ~= 'expired' then -- it needs its objects
    redis.call('ZREM', P .. 'purge', id)
  else
    redis.call('ZADD', P .. 'purge', now + tonumber(ARGV[8]), id)
    if not job then redis.call('SET', P .. 'orphan:' .. id, '1', 'PX', ARGV[9]) end
    purge[#purge + 1] = id
  end
end
return purge
