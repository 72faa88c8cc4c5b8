-- Notes that a source is about to be stored: its objects go unless its job is submitted in time. Cost: O(log n).
--
-- ARGV[4] id
-- ARGV[5] waiting jobs (queued, scheduled, retrying) at which it is refused
-- ARGV[6] ms until the objects go
--
-- Answers {'announced'} or {'full', depth}.

local depth = waiting()
if depth >= tonumber(ARGV[5]) then return { 'full', depth } end
redis.call('ZADD', P .. 'purge', now_ms() + tonumber(ARGV[6]), ARGV[4])
return { 'announced' }
