-- Notes how far an attempt is. Cost: O(1).
--
-- ARGV[4] id, ARGV[5] attempt, ARGV[6…] fields and values
--
-- Answers 'noted', 'cancelled' when the client wants it stopped, or 'stale' when the lease is lost.

local job = read(ARGV[4])
if not job or not is_held(job) or job.attempt ~= number(ARGV[5]) then return 'stale' end
if job.state == 'cancelling' then return 'cancelled' end
set(job, unpack(ARGV, 6))
return 'noted'
