-- Gives an idempotency key back, unless a job was made with it. Cost: O(1).
--
-- ARGV[4] owner, ARGV[5] idempotency key
--
-- Answers 1 when it was reserved, else 0.

local key = P .. 'idem:' .. ARGV[4] .. ':' .. ARGV[5]
local made = redis.call('GET', key)
if made and made:sub(1, 9) == 'reserved ' then return redis.call('DEL', key) end
return 0
