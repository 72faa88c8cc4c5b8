-- Reserves an idempotency key while an upload is read. Cost: O(1).
--
-- ARGV[4] owner, ARGV[5] idempotency key, ARGV[6] ms for which the reservation holds
--
-- Answers 'reserved' to the first caller, 'in-progress' to the others, and the job's id once there is one.

local key = P .. 'idem:' .. ARGV[4] .. ':' .. ARGV[5]
local made = redis.call('GET', key)
if made == 'reserved' then return 'in-progress' end
if made then return made end
redis.call('SET', key, 'reserved', 'PX', ARGV[6])
return 'reserved'
