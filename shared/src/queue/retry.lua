-- Queues a job again that failed, died or was cancelled. Its attempts are granted anew; their numbers keep growing,
-- so that no late worker can pass for the new one. Cost: O(log n).
--
-- ARGV[4] id, ARGV[5] attempts to grant, ARGV[6] token of this call: the same one is a call whose reply was lost
--
-- Answers 'queued', 'late:<state>', 'unknown', or 'version' when its record is another program's.

local job = read(ARGV[4], 'priority', 'retried_by')
if not job then return 'unknown' end
if job.state == 'expired' then return 'late:expired' end
if not job.known then return 'version' end
local priority, retried_by = unpack(job.field, MORE)
if retried_by == ARGV[6] then return 'queued' end
if job.state ~= 'failed' and job.state ~= 'dead' and job.state ~= 'cancelled' then return 'late:' .. job.state end

place(P .. 'done', job.id, nil)
place(P .. 'dead', job.id, nil)
redis.call('HDEL', job_key(job.id), 'stage', 'pages_done', 'pages_total', 'images', 'error_code', 'error', 'finished_at')
local now = digits(now_ms())
move(job, 'queued', 'run_at', now, 'retried_by', ARGV[6], 'crashes', 0, 'attempt_base', job.attempt,
  'max_attempts', job.attempt + tonumber(ARGV[5]))
enqueue(job, priority, now)
return 'queued'
