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

local function answer(job, more)
  return { 'job', job.id, tostring(job.attempt), more and 1 or 0, redis.call('HGETALL', job_key(job.id)) }
end

local answered = redis.call('GET', request)
if answered then
  local id, attempt = answered:match('^(%S+) (%d+)$')
  local job = read(id)
  if job and is_held(job) and job.attempt == number(attempt) and job.worker == worker then
    redis.call('ZADD', P .. 'running', now + lease, id)
    return answer(job, true)
  end
end

promote(now)
take_back(now, tonumber(ARGV[7]))

-- The job that was removed from `pending` for its record's sake.
local function set_aside(owner, id, score, job)
  if job and not job.known then
    redis.call('ZADD', P .. 'version:' .. job.version, score, id)
    return
  end
  redis.call('ZREM', P .. 'queued', id)
  if not job and redis.call('ZREM', list_key(owner, 'queued'), id) == 1 then -- its record was removed by hand
    redis.call('HINCRBY', P .. 'counts', 'queued', -1)
    redis.call('ZREM', P .. 'list:' .. owner, id)
  end
end

-- The next job of `owner`, leased; nil when what stood there cannot be claimed.
local function take(owner, tag)
  local head = redis.call('ZPOPMIN', P .. 'pending:' .. owner)
  local id = head[1]
  local job = id and read(id)
  if not job or not job.known or job.state ~= 'queued' then
    if id then set_aside(owner, id, head[2], job) end
    schedule(owner)
    return nil
  end
  redis.call('ZREM', P .. 'queued', id)
  if job.attempt > 0 then
    redis.call('HDEL', job_key(id), 'stage', 'pages_done', 'pages_total', 'images', 'error_code', 'error')
  end
  job.attempt = job.attempt + 1
  move(job, 'running', 'attempt', job.attempt, 'worker', worker, 'started_at', now)
  redis.call('ZADD', P .. 'running', now + lease, id)
  redis.call('SET', request, id .. ' ' .. job.attempt, 'PX', lease)
  redis.call('SET', P .. 'clock', tag)
  if may_run(owner) then
    redis.call('ZADD', P .. 'owners', tag + 1, owner)
    return job, true
  end
  rest(owner, tag + 1)
  return job, false
end

for _ = 1, 16 do
  local first = redis.call('ZRANGE', P .. 'owners', 0, 1, 'WITHSCORES')
  local owner, tag, another = first[1], number(first[2]), first[3]
  if not owner then
    take_over()
    if redis.call('EXISTS', P .. 'owners') == 0 then break end
  elseif at_limit(owner) then -- the limit was lowered
    rest(owner, tag)
  else
    local job, more = take(owner, tag)
    if job then return answer(job, more or another) end
  end
end
return { 'none', redis.call('EXISTS', P .. 'owners') == 1 and 0 or next_due(now) }
