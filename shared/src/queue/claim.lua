-- Leases the next job to a worker. Cost: O(log n), with at most 100 promotions, 20 leases taken back and 16 looks.
--
-- ARGV[4] worker, ARGV[5] request id, ARGV[6] lease in ms, ARGV[7] crashes at which a job is dead
--
-- Answers {'job', id, attempt, 1 when more jobs are claimable, fields and values of the record}, or
-- {'none', ms until a delayed job or a lease is due, -1 = none}. The same request id answers the same job for as long
-- as its lease holds.

local worker, lease = ARGV[4], tonumber(ARGV[6])
local request = P .. 'claim:' .. ARGV[5]
local now = now_ms()

local function answer(job)
  return { 'job', job.id, tostring(job.attempt), redis.call('EXISTS', P .. 'owners'), redis.call('HGETALL', job_key(job.id)) }
end

local answered = redis.call('GET', request)
if answered then
  local id, attempt = answered:match('^(%S+) (%d+)$')
  local job = read(id)
  if job and is_held(job) and job.attempt == number(attempt) and job.worker == worker then
    redis.call('ZADD', P .. 'running', now + lease, id)
    return answer(job)
  end
end

promote(now)
take_back(now, tonumber(ARGV[7]))

-- Jobs that a program of another version set aside for this one.
local aside = P .. 'version:' .. VERSION
for _, id in ipairs(redis.call('ZRANGE', aside, 0, 9)) do
  redis.call('ZREM', aside, id)
  local job = read(id)
  if job and job.state == 'queued' then enqueue(job) end
end

-- The next job of `owner`, leased; nil when what stood there cannot be claimed.
local function take(owner, tag)
  local head = redis.call('ZPOPMIN', P .. 'pending:' .. owner)
  local job = head[1] and read(head[1])
  if job and not job.known then
    redis.call('ZADD', P .. 'version:' .. job.version, head[2], job.id)
    return nil
  end
  if head[1] then redis.call('ZREM', P .. 'queued', head[1]) end
  if not job then
    if head[1] and redis.call('ZREM', list_key(owner, 'queued'), head[1]) == 1 then -- its record was removed by hand
      redis.call('HINCRBY', P .. 'counts', 'queued', -1)
      redis.call('ZREM', P .. 'list:' .. owner, head[1])
    end
    return nil
  end
  if job.state ~= 'queued' then return nil end
  redis.call('SET', P .. 'clock', tag)
  redis.call('ZADD', P .. 'owners', tag + 1, owner)
  job.attempt = job.attempt + 1
  redis.call('HDEL', job_key(job.id), 'stage', 'pages_done', 'pages_total', 'images', 'error_code', 'error')
  move(job, 'running', 'attempt', job.attempt, 'worker', worker, 'started_at', now)
  redis.call('ZADD', P .. 'running', now + lease, job.id)
  redis.call('SET', request, job.id .. ' ' .. job.attempt, 'PX', lease)
  return job
end

for _ = 1, 16 do
  local first = redis.call('ZRANGE', P .. 'owners', 0, 0, 'WITHSCORES')
  if not first[1] then break end
  local job = not at_limit(first[1]) and take(first[1], number(first[2]))
  schedule(first[1])
  if job then return answer(job) end
end
return { 'none', redis.call('EXISTS', P .. 'owners') == 1 and 0 or next_due(now) }
