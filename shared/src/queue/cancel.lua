-- Cancels a job: at once when it waits, else its worker is told. Cost: O(log n).
--
-- ARGV[4] id
--
-- Answers 'cancelled', 'cancelling', 'late:<state>', 'unknown', or 'version' when its record is another program's.

local job = read(ARGV[4])
if not job then return 'unknown' end
if job.state == 'expired' then return 'late:expired' end
if not job.known then return 'version' end
if job.state == 'queued' or job.state == 'scheduled' or job.state == 'retrying' then
  withdraw(job)
  close(job, 'cancelled', now_ms())
elseif job.state == 'running' then
  move(job, 'cancelling')
  redis.call('PUBLISH', P .. 'cancel', job.id)
else
  return 'late:' .. job.state
end
return job.state
