-- Accepts a job. Sent again, it changes nothing and answers the same. Cost: O(log n).
--
-- ARGV[4]   id
-- ARGV[5]   owner
-- ARGV[6]   delay in ms, 0 = now
-- ARGV[7]   waiting jobs (queued, scheduled, retrying) at which it is refused
-- ARGV[8]   idempotency key, '' = none
-- ARGV[9]   ms for which the idempotency key is remembered
-- ARGV[10]  priority
-- ARGV[11…] further fields of the record and their values
--
-- Answers {'accepted'}, {'existing', id} or {'full', depth}.

local id, owner, delay, limit = ARGV[4], ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])

if redis.call('EXISTS', job_key(id)) == 1 then return { 'accepted' } end

local reserved = ARGV[8] ~= '' and P .. 'idem:' .. owner .. ':' .. ARGV[8]
local made = reserved and redis.call('GET', reserved)
if made and made:sub(1, 9) ~= 'reserved ' then return { 'existing', made } end

local depth = waiting()
if depth >= limit then return { 'full', depth } end

local now = now_ms()
local state = delay > 0 and 'scheduled' or 'queued'
local job = { id = id, owner = owner, state = state, revision = 0, priority = tonumber(ARGV[10]),
  run_at = now + delay }

redis.call('HSET', job_key(id), 'version', VERSION, 'owner', owner, 'state', state, 'revision', 0, 'priority', ARGV[10],
  'attempt', 0, 'attempt_base', 0, 'crashes', 0, 'created_at', now, 'run_at', job.run_at, unpack(ARGV, 11))
if reserved then redis.call('SET', reserved, id, 'PX', ARGV[9]) end
place(P .. 'purge', id, nil)
count(state, 1)
place(P .. 'list:' .. owner, id, 0)
place(list_key(owner, state), id, 0)
if delay > 0 then
  place(P .. 'delayed', id, job.run_at)
  woken = true
else
  enqueue(job)
end
set(job)
return { 'accepted' }
