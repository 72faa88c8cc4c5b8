-- What the scripts share; stands before each of them. Cost: O(log n) per function.
--
-- A script is the body of a function `run`, which settle.lua calls. What can wait is put off until it has answered, so
-- that a call for many jobs costs Redis little more than one for a single job: counts, places in sorted sets, messages.
--
-- KEYS[1]  the prefix of every key of the queue, `{name}:`; the hash tag keeps them on one slot
-- ARGV[1]  version of the records this program reads
-- ARGV[2]  events to keep in the stream, about
-- ARGV[3]  running jobs per owner, 0 = no limit
-- A script's own arguments begin at ARGV[4].

local P = KEYS[1]
local VERSION = ARGV[1]
local EVENTS_KEPT = ARGV[2]
local OWNER_LIMIT = tonumber(ARGV[3])
local PRIORITY_STEP = 1e13 -- more than any time in milliseconds

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function number(text)
  return tonumber(text) or 0
end

-- A whole number as Redis is to store it: one that is handed over as a number is printed with 17 digits, which takes
-- longer than all else about it.
local function digits(n)
  return string.format('%d', n)
end

local function job_key(id)
  return P .. 'job:' .. id
end

local counted, placed, changed, woken = {}, {}, {}, false

local function count(state, by)
  counted[state] = (counted[state] or 0) + by
end

-- Puts `id` into a sorted set, or takes it out when there is no score. The last word on an id counts.
local function place(key, id, score)
  local set = placed[key] or {}
  placed[key] = set
  set[id] = score or false
end

-- Writes what was put off; to be called before such a set is read. What fails on the way is not written twice.
local function settle()
  local counts, sets, changes, wake = counted, placed, changed, woken
  counted, placed, changed, woken = {}, {}, {}, false
  for state, by in pairs(counts) do
    if by ~= 0 then redis.call('HINCRBY', P .. 'counts', state, by) end
  end
  for key, set in pairs(sets) do
    local add, remove = {}, {}
    for id, score in pairs(set) do
      if score then
        add[#add + 1] = score
        add[#add + 1] = id
      else
        remove[#remove + 1] = id
      end
    end
    if add[1] then redis.call('ZADD', key, unpack(add)) end
    if remove[1] then redis.call('ZREM', key, unpack(remove)) end
  end
  if changes[1] then
    redis.call('XADD', P .. 'events', 'MAXLEN', '~', EVENTS_KEPT, '*', unpack(changes))
    redis.call('PUBLISH', P .. 'changed', table.concat(changes, ' '))
  end
  if wake then redis.call('PUBLISH', P .. 'wake', '1') end
end

-- What every script needs of a record, and in `field`, from MORE on, the values of further fields; nil when there is none,
-- or something else under its key.
local MORE = 6
local function read(id, ...)
  local field = redis.pcall('HMGET', job_key(id), 'version', 'owner', 'state', 'attempt', 'revision', ...)
  if field.err or not field[3] then return nil end
  return {
    id = id, version = field[1] or '', known = field[1] == VERSION, owner = field[2] or '-', state = field[3],
    attempt = number(field[4]), revision = number(field[5]), field = field,
  }
end

local function is_held(job)
  return job.state == 'running' or job.state == 'cancelling'
end

-- Jobs that wait: what the depth limit bounds.
local function waiting()
  local counts = redis.call('HMGET', P .. 'counts', 'queued', 'scheduled', 'retrying')
  return number(counts[1]) + number(counts[2]) + number(counts[3])
end

local function list_key(owner, state)
  return P .. 'list:' .. owner .. ':' .. state
end

-- Sets fields that a poller can see, and tells pollers and the event stream.
local function set(job, ...)
  job.revision = job.revision + 1
  local revision = digits(job.revision)
  redis.call('HSET', job_key(job.id), 'revision', revision, ...)
  changed[#changed + 1] = job.id
  changed[#changed + 1] = job.state .. ' ' .. revision
end

-- Takes `job` to the state `to` and sets the given fields with it.
local function move(job, to, ...)
  count(job.state, -1)
  count(to, 1)
  place(list_key(job.owner, job.state), job.id, nil)
  place(list_key(job.owner, to), job.id, '0')
  job.state = to
  set(job, 'state', to, ...)
end

local function at_limit(owner)
  if OWNER_LIMIT == 0 then return false end
  settle()
  return redis.call('ZCARD', list_key(owner, 'running'))
    + redis.call('ZCARD', list_key(owner, 'cancelling')) >= OWNER_LIMIT
end

local function may_run(owner)
  return redis.call('EXISTS', P .. 'pending:' .. owner) == 1 and not at_limit(owner)
end

-- Takes an owner out of turn; `tag` is the virtual time at which it would have been served.
local function rest(owner, tag)
  redis.call('ZREM', P .. 'owners', owner)
  redis.call('ZADD', P .. 'idle', tag, owner)
end

-- Keeps an owner in `owners` exactly while it has pending jobs and is below its running limit. One that comes
-- back starts at the virtual time of now, or at its own when that is later (start-time fair queueing).
local function schedule(owner)
  local tag = redis.call('ZSCORE', P .. 'owners', owner)
  if may_run(owner) then
    if not tag then
      local kept = number(redis.call('ZSCORE', P .. 'idle', owner))
      redis.call('ZREM', P .. 'idle', owner)
      redis.call('ZADD', P .. 'owners', math.max(kept, number(redis.call('GET', P .. 'clock'))), owner)
    end
  elseif tag then
    rest(owner, tag)
  end
end

-- A lease of the owner ended, which matters only to one at its limit.
local function schedule_freed(owner)
  if OWNER_LIMIT > 0 then
    schedule(owner)
    woken = true
  end
end

-- Makes a job claimable; its state is `queued` already.
local function enqueue(job, priority, run_at)
  local since = number(run_at)
  redis.call('ZADD', P .. 'pending:' .. job.owner, digits(number(priority) * PRIORITY_STEP + since), job.id)
  place(P .. 'queued', job.id, digits(since))
  schedule(job.owner)
  woken = true
end

-- Takes a job that waits out of wherever it waits.
local function withdraw(job)
  if job.state == 'queued' then
    redis.call('ZREM', P .. 'pending:' .. job.owner, job.id)
    place(P .. 'queued', job.id, nil)
    schedule(job.owner)
  else
    place(P .. 'delayed', job.id, nil)
  end
end

-- Takes a job to a terminal state.
local function close(job, to, now, ...)
  move(job, to, 'finished_at', now, ...)
  place(P .. (to == 'dead' and 'dead' or 'done'), job.id, now)
end

-- Turns a terminal job into a tombstone and notes its objects for removal.
local function bury(job, now, keep_ms)
  local key = job_key(job.id)
  local kept = redis.call('HMGET', key, 'created_at', 'finished_at')
  place(P .. 'done', job.id, nil)
  place(P .. 'dead', job.id, nil)
  count(job.state, -1)
  place(list_key(job.owner, job.state), job.id, nil)
  place(P .. 'list:' .. job.owner, job.id, nil)
  redis.call('DEL', key)
  redis.call('HSET', key, 'version', job.version, 'owner', job.owner, 'state', 'expired',
    'created_at', kept[1] or now, 'finished_at', kept[2] or now)
  job.state = 'expired'
  set(job)
  redis.call('PEXPIRE', key, keep_ms)
  place(P .. 'purge', job.id, now)
end

