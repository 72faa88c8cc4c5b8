-- Reserves an idempotency key while an upload is read. Cost: O(1).
--
-- ARGV[4] owner, ARGV[5] idempotency key, ARGV[6] ms for which the reservation holds, ARGV[7] token of this call
--
-- Answers 'reserved' to the first caller, 'in-progress' to the others, and the job's id once there is one. The same
-- token is the same caller, whose reply was lost.

local key = P .. 'idem:' .. ARGV[4] .. ':' .. ARGV[5]
local mine = 'reserved ' .. ARGV[7]
local made = redis.call('GET', key)
if made == mine then return 'reserved' end
if made then return made:sub(1, 9) == 'reserved ' and 'in-progress' or made end
redis.call('SET', key, mine, 'PX', ARGV[6])
return 'reserved'
