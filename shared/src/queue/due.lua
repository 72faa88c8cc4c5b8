-- What time alone brings about: delayed jobs become claimable, expired leases are taken back. Also jobs that
-- another program set aside. Stands between the prelude and the scripts that look at the clock. Cost: O(log n) per job, at most 100, 20 and 10 jobs a call.

local LEFT_ALONE_MS = 1000 -- how long a job in a record version of another program is out of the way

local function promote(now)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'delayed', '-inf', now, 'LIMIT', 0, 100)) do
    local job = read(id, 'priority', 'run_at')
    if job and not job.known then
      place(P .. 'delayed', id, now + LEFT_ALONE_MS)
    else
      place(P .. 'delayed', id, nil)
      if job and (job.state == 'scheduled' or job.state == 'retrying') then
        move(job, 'queued')
        enqueue(job, unpack(job.field, MORE))
      end
    end
  end
end

-- An expired lease is a crash. The job goes back to its place, or to the dead letters when its crashes or its
-- attempts are used up.
local function take_back(now, max_crashes)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', P .. 'running', '-inf', now, 'LIMIT', 0, 20)) do
    local job = read(id, 'priority', 'run_at', 'max_attempts', 'crashes')
    if job and not job.known then
      place(P .. 'running', id, now + LEFT_ALONE_MS)
    else
      place(P .. 'running', id, nil)
      if job and is_held(job) then
        local crashes = number(job.field[MORE + 3]) + 1
        if job.state == 'cancelling' then
          close(job, 'cancelled', now, 'crashes', crashes)
        elseif crashes >= max_crashes or job.attempt >= number(job.field[MORE + 2]) then
          close(job, 'dead', now, 'crashes', crashes, 'error_code', 'poison-job',
            'error', 'workers died or fell silent while they held this job')
        else
          move(job, 'queued', 'crashes', crashes)
          enqueue(job, unpack(job.field, MORE, MORE + 1))
        end
        schedule_freed(job.owner)
      end
    end
  end
end

-- Jobs that a program of another version set aside for this one.
local function take_over()
  local aside = P .. 'version:' .. VERSION
  for _, id in ipairs(redis.call('ZRANGE', aside, 0, 9)) do
    redis.call('ZREM', aside, id)
    local job = read(id, 'priority', 'run_at')
    if job and job.state == 'queued' then enqueue(job, unpack(job.field, MORE)) end
  end
end

-- Milliseconds until time alone brings something about; -1 when nothing waits for it.
local function next_due(now)
  settle()
  local due
  for _, set in ipairs({ 'delayed', 'running' }) do
    local first = redis.call('ZRANGE', P .. set, 0, 0, 'WITHSCORES')
    if first[2] and (not due or number(first[2]) < due) then due = number(first[2]) end
  end
  return due and math.max(0, due - now) or -1
end

