-- Notes that a source is about to be stored: its objects go unless its job is submitted in time. Cost: O(log n).
--
-- ARGV[4] id
-- ARGV[5] owner
-- ARGV[6] waiting jobs (queued, scheduled, retrying) at which it is refused
-- ARGV[7] waiting jobs of the owner at which it is refused, 0 = no limit
-- ARGV[8] ms until the objects go
--
-- Answers {'announced'}, or as `refusal` does.

local refused = refusal(ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7]))
if refused then return refused end
redis.call('ZADD', P .. 'purge', now_ms() + tonumber(ARGV[8]), ARGV[4])
return { 'announced' }
