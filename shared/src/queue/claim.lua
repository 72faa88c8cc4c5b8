-- Leases the next jobs to a worker. Cost: O(log n) per job, with at most 100 promotions, 20 leases taken back and 16
-- looks in vain.
--
-- ARGV[4] worker, ARGV[5] request id, ARGV[6] lease in ms, ARGV[7] crashes at which a job is dead,
-- ARGV[8] jobs wanted, ARGV[9…] names of fields that a claim does not change
--
-- Answers {'jobs', 1 when more are claimable, {id, attempt, revision, when it started, values of those fields…}…}, or
-- {'none', ms until a delayed job or a lease is due, -1 = none}. The same request id answers the same jobs for as long
-- as their leases hold.

local worker, lease, wanted = ARGV[4], tonumber(ARGV[6]), tonumber(ARGV[8])
local request = P .. 'claim:' .. ARGV[5]
local now = now_ms()
local started_at, leased_until = digits(now), digits(now + lease)
local answer = { 'jobs', 0 }

local function hand_over(job, since)
  place(P .. 'running', job.id, leased_until)
  answer[#answer + 1] = { job.id, job.attempt, job.revision, number(since), unpack(job.field, MORE) }
end

local answered = redis.call('GET', request)
for id, attempt in (answered or ''):gmatch('(%S+) (%d+)') do
  local job = read(id, unpack(ARGV, 9))
  if job and is_held(job) and job.attempt == number(attempt) then
    local held_by, since = unpack(redis.call('HMGET', job_key(id), 'worker', 'started_at'))
    if held_by == worker then hand_over(job, since) end
  end
end
if answer[3] then
  answer[2] = 1
  return answer
end

promote(now)
take_back(now, tonumber(ARGV[7]))

-- The job that was removed from `pending` for its record's sake.
local function set_aside(owner, id, score, job)
  if job and not job.known then
    redis.call('ZADD', P .. 'version:' .. job.version, score, id)
    return
  end
  place(P .. 'queued', id, nil)
  if not job and redis.call('ZREM', list_key(owner, 'queued'), id) == 1 then -- its record was removed by hand
    count('queued', -1)
    place(P .. 'list:' .. owner, id, nil)
  end
end

-- The job at the head of an owner's pending ones, now held by the worker; nil when it cannot be claimed.
local function start(owner, id, score)
  local job = read(id, unpack(ARGV, 9))
  if not job or not job.known or job.state ~= 'queued' then
    set_aside(owner, id, score, job)
    return nil
  end
  place(P .. 'queued', id, nil)
  if job.attempt > 0 then
    redis.call('HDEL', job_key(id), 'stage', 'pages_done', 'pages_total', 'images', 'error_code', 'error')
  end
  job.attempt = job.attempt + 1
  move(job, 'running', 'attempt', digits(job.attempt), 'worker', worker, 'started_at', started_at)
  return job
end

local taken, clock = {}, nil

-- Leases up to `most` of the next jobs of `owner`, each of which moves its virtual time on by one. Answers how many were
-- looked at.
local function serve(owner, tag, most)
  local heads = redis.call('ZPOPMIN', P .. 'pending:' .. owner, most)
  local before = #taken
  for at = 1, #heads, 2 do
    local job = start(owner, heads[at], heads[at + 1])
    if job then
      taken[#taken + 1] = job.id .. ' ' .. job.attempt
      hand_over(job, started_at)
    end
  end
  local served = #taken - before
  if served == 0 then
    schedule(owner)
  else
    clock = tag + served - 1
    if may_run(owner) then
      redis.call('ZADD', P .. 'owners', tag + served, owner)
    else
      rest(owner, tag + served)
    end
  end
  return math.max(#heads / 2, 1)
end

local looks = wanted + 15
while looks > 0 and #taken < wanted do
  local owners = redis.call('ZRANGE', P .. 'owners', 0, 1, 'WITHSCORES')
  local owner, tag = owners[1], number(owners[2])
  if not owner then
    take_over()
    looks = looks - 1
    if redis.call('EXISTS', P .. 'owners') == 0 then break end
  elseif at_limit(owner) then -- the limit was lowered
    rest(owner, tag)
    looks = looks - 1
  else
    local alone = not owners[3] and OWNER_LIMIT == 0
    looks = looks - serve(owner, tag, alone and math.min(wanted - #taken, looks) or 1)
  end
end
local more = redis.call('EXISTS', P .. 'owners')
if not clock then return { 'none', more == 1 and 0 or next_due(now) } end
redis.call('SET', P .. 'clock', clock)
redis.call('SET', request, table.concat(taken, ' '), 'PX', lease)
answer[2] = more
return answer
