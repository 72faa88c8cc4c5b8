-- Ends attempts. Only the holder of a lease may; sent again, it answers the same. Cost: O(log n) per attempt.
--
-- ARGV[4…]  for each attempt:
--   id, attempt,
--   succeeded, partial, failed, dead, cancelled, retrying or released,
--   ms until the next attempt, for retrying,
--   number of arguments that follow for fields and values that tell how it ended, and those
--
-- Answers, for each, the state that the job went to, or 'stale'.

local now = now_ms()
local ended_at = digits(now)

local function finish(id, attempt, outcome, delay, ...)
  local job = read(id, 'ended', 'password')
  if not job then return 'stale' end

  local ended, password = unpack(job.field, MORE)
  local ended_attempt, ended_state = (ended or ''):match('^(%d+) (%S+)$')
  if ended_attempt == attempt then return ended_state end
  if not is_held(job) or job.attempt ~= number(attempt) then return 'stale' end

  place(P .. 'running', id, nil)
  if job.state == 'cancelling' and outcome ~= 'succeeded' and outcome ~= 'partial' then outcome = 'cancelled' end

  if outcome == 'cancelled' then
    close(job, 'cancelled', ended_at, 'ended', attempt .. ' cancelled')
  elseif outcome == 'retrying' then
    local run_at = now + tonumber(delay)
    place(P .. 'delayed', id, run_at)
    move(job, 'retrying', 'run_at', run_at, 'ended', attempt .. ' retrying', ...)
    woken = true
  elseif outcome == 'released' then -- does not count as an attempt: one more is granted
    local kept = redis.call('HMGET', job_key(id), 'attempt_base', 'max_attempts', 'priority', 'run_at')
    move(job, 'queued', 'ended', attempt .. ' queued', 'attempt_base', number(kept[1]) + 1,
      'max_attempts', number(kept[2]) + 1)
    enqueue(job, unpack(kept, 3))
  else
    close(job, outcome, ended_at, 'ended', attempt .. ' ' .. outcome, ...)
    if password and (outcome == 'succeeded' or outcome == 'partial') then
      redis.call('HDEL', job_key(id), 'password')
    end
  end
  schedule_freed(job.owner)
  return job.state
end

local answers, at = {}, 4
while ARGV[at] do
  local fields = tonumber(ARGV[at + 4])
  answers[#answers + 1] = finish(ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3],
    unpack(ARGV, at + 5, at + 4 + fields))
  at = at + 5 + fields
end
return answers
