-- Ends an attempt. Only the holder of the lease may; sent again, it answers the same. Cost: O(log n).
--
-- ARGV[4]  id
-- ARGV[5]  attempt
-- ARGV[6]  succeeded, partial, failed, dead, cancelled, retrying or released
-- ARGV[7]  ms until the next attempt, for retrying
-- ARGV[8…] fields and values that tell how it ended
--
-- Answers {'done', state} or {'stale'}.

local id, attempt, outcome = ARGV[4], ARGV[5], ARGV[6]
local job = read(id)
if not job then return { 'stale' } end

local ended_attempt, ended_state = job.ended:match('^(%d+) (%S+)$')
if ended_attempt == attempt then return { 'done', ended_state } end
if not is_held(job) or job.attempt ~= number(attempt) then return { 'stale' } end

local now = now_ms()
redis.call('ZREM', P .. 'running', id)
if job.state == 'cancelling' and outcome ~= 'succeeded' and outcome ~= 'partial' then outcome = 'cancelled' end

if outcome == 'cancelled' then
  close(job, 'cancelled', now, 'ended', attempt .. ' cancelled')
elseif outcome == 'retrying' then
  local run_at = now + tonumber(ARGV[7])
  redis.call('ZADD', P .. 'delayed', run_at, id)
  move(job, 'retrying', 'run_at', run_at, 'ended', attempt .. ' retrying', unpack(ARGV, 8))
  redis.call('PUBLISH', P .. 'wake', '1')
elseif outcome == 'released' then -- does not count as an attempt: one more is granted
  move(job, 'queued', 'ended', attempt .. ' queued', 'attempt_base', job.attempt_base + 1,
    'max_attempts', job.max_attempts + 1)
  enqueue(job)
else
  close(job, outcome, now, 'ended', attempt .. ' ' .. outcome, unpack(ARGV, 8))
  if outcome == 'succeeded' or outcome == 'partial' then redis.call('HDEL', job_key(id), 'password') end
end
schedule_freed(job.owner)
return { 'done', job.state }
