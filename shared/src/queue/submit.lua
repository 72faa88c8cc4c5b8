-- Accepts a job. Sent again, it changes nothing and answers the same. Cost: O(log n).
--
-- ARGV[4]   id
-- ARGV[5]   owner
-- ARGV[6]   delay in ms, 0 = now
-- ARGV[7]   waiting jobs (queued, scheduled, retrying) at which it is refused
-- ARGV[8]   waiting jobs of the owner at which it is refused, 0 = no limit
-- ARGV[9]   idempotency key, '' = none
-- ARGV[10]  ms for which the idempotency key is remembered
-- ARGV[11]  priority
-- ARGV[12…] further fields of the record and their values
--
-- Answers {'accepted', when}, {'existing', id}, {'late'} when the source is being removed or gone, or as `refusal` does.

local id, owner, delay = ARGV[4], ARGV[5], tonumber(ARGV[6])

local now = now_ms()
local function accepted(since)
  return { 'accepted', since or digits(now) }
end

if redis.call('EXISTS', job_key(id)) == 1 then return accepted(redis.call('HGET', job_key(id), 'created_at')) end

local reserved = ARGV[9] ~= '' and P .. 'idem:' .. owner .. ':' .. ARGV[9]
local made = reserved and redis.call('GET', reserved)
if made and made:sub(1, 9) ~= 'reserved ' then return { 'existing', made } end

local refused = refusal(owner, tonumber(ARGV[7]), tonumber(ARGV[8]))
if refused then return refused end
if redis.call('EXISTS', P .. 'orphan:' .. id) == 1 then return { 'late' } end

local state = delay > 0 and 'scheduled' or 'queued'
local job = { id = id, owner = owner, state = state, revision = 0 }
local created_at, run_at = digits(now), digits(now + delay)

redis.call('HSET', job_key(id), 'version', VERSION, 'owner', owner, 'state', state, 'revision', '0', 'priority', ARGV[11],
  'attempt', '0', 'attempt_base', '0', 'crashes', '0', 'created_at', created_at, 'run_at', run_at, unpack(ARGV, 12))
if reserved then redis.call('SET', reserved, id, 'PX', ARGV[10]) end
place(P .. 'purge', id, nil)
count(state, 1)
place(P .. 'list:' .. owner, id, '0')
place(list_key(owner, state), id, '0')
if delay > 0 then
  place(P .. 'delayed', id, run_at)
  woken = true
else
  enqueue(job, ARGV[11], run_at)
end
set(job)
return accepted()
