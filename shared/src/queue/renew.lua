-- Extends the leases of one worker and notes that it lives. Cost: O(log n) per lease.
--
-- ARGV[4]   worker
-- ARGV[5]   lease in ms
-- ARGV[6]   ms of silence after which the worker is forgotten
-- ARGV[7]   number of arguments that follow for the worker's own fields and values
-- ARGV[8…]  those, then job id and attempt of every lease
--
-- Answers {ids of leases that are lost, ids of jobs that were cancelled}.

local worker, lease, fields = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[7])
local now = now_ms()
local lost, cancelled = {}, {}

redis.call('ZADD', P .. 'workers', now, worker)
redis.call('HSET', P .. 'worker:' .. worker, 'seen_at', now, unpack(ARGV, 8, 7 + fields))
redis.call('PEXPIRE', P .. 'worker:' .. worker, ARGV[6])

for i = 8 + fields, #ARGV, 2 do
  local job = read(ARGV[i])
  if job and is_held(job) and job.attempt == number(ARGV[i + 1]) then
    place(P .. 'running', job.id, now + lease)
    if job.state == 'cancelling' then cancelled[#cancelled + 1] = job.id end
  else
    lost[#lost + 1] = ARGV[i]
  end
end
return { lost, cancelled }
