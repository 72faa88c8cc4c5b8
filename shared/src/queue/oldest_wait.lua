-- How long the job has waited that became claimable first. Cost: O(log n).
--
-- Answers ms, or -1 when none waits.

local first = redis.call('ZRANGE', P .. 'queued', 0, 0, 'WITHSCORES')
return first[2] and math.max(0, now_ms() - number(first[2])) or -1
