-- Removes a job that has ended; a tombstone stays. Cost: O(log n).
--
-- ARGV[4] id, ARGV[5] ms for which the tombstone stays
--
-- Answers 'deleted', 'live:<state>', 'unknown', or 'version' when its record is another program's.

local job = read(ARGV[4])
if not job then return 'unknown' end
if job.state == 'expired' then return 'deleted' end
if not job.known then return 'version' end
local ended = { succeeded = true, partial = true, failed = true, dead = true, cancelled = true }
if not ended[job.state] then return 'live:' .. job.state end
bury(job, now_ms(), tonumber(ARGV[5]))
return 'deleted'
