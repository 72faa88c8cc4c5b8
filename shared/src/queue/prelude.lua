-- What the scripts share; stands before each of them. Cost: O(log n) per function.
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

local function job_key(id)
  return P .. 'job:' .. id
end

-- What the scripts need of a record; nil when there is none, or something else under its key.
local function read(id)
  local field = redis.pcall('HMGET', job_key(id), 'version', 'owner', 'state', 'attempt', 'max_attempts',
    'attempt_base', 'crashes', 'priority', 'run_at', 'worker', 'ended', 'revision')
  if field.err or not field[3] then return nil end
  return {
    id = id, version = field[1] or '', known = field[1] == VERSION, owner = field[2] or '-', state = field[3],
    attempt = number(field[4]), max_attempts = number(field[5]), attempt_base = number(field[6]),
    crashes = number(field[7]), priority = number(field[8]), run_at = number(field[9]),
    worker = field[10], ended = field[11] or '', revision = number(field[12]),
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

-- Tells pollers and the event stream.
local function announce(job)
  redis.call('XADD', P .. 'events', 'MAXLEN', '~', EVENTS_KEPT, '*',
    'job', job.id, 'state', job.state, 'revision', job.revision)
  redis.call('PUBLISH', P .. 'changed', job.id)
end

-- Sets fields that a poller can see.
local function set(job, ...)
  job.revision = job.revision + 1
  redis.call('HSET', job_key(job.id), 'revision', job.revision, ...)
  announce(job)
end

-- Takes `job` to the state `to` and sets the given fields with it.
local function move(job, to, ...)
  redis.call('HINCRBY', P .. 'counts', job.state, -1)
  redis.call('HINCRBY', P .. 'counts', to, 1)
  redis.call('ZREM', list_key(job.owner, job.state), job.id)
  redis.call('ZADD', list_key(job.owner, to), 0, job.id)
  job.state = to
  set(job, 'state', to, ...)
end

local function at_limit(owner)
  return OWNER_LIMIT > 0 and redis.call('ZCARD', list_key(owner, 'running'))
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
    redis.call('PUBLISH', P .. 'wake', '1')
  end
end

-- Makes a job claimable; its state is `queued` already.
local function enqueue(job)
  redis.call('ZADD', P .. 'pending:' .. job.owner, job.priority * PRIORITY_STEP + job.run_at, job.id)
  redis.call('ZADD', P .. 'queued', job.run_at, job.id)
  schedule(job.owner)
  redis.call('PUBLISH', P .. 'wake', '1')
end

-- Takes a job that waits out of wherever it waits.
local function withdraw(job)
  if job.state == 'queued' then
    redis.call('ZREM', P .. 'pending:' .. job.owner, job.id)
    redis.call('ZREM', P .. 'queued', job.id)
    schedule(job.owner)
  else
    redis.call('ZREM', P .. 'delayed', job.id)
  end
end

-- Takes a job to a terminal state.
local function close(job, to, now, ...)
  move(job, to, 'finished_at', now, ...)
  redis.call('ZADD', P .. (to == 'dead' and 'dead' or 'done'), now, job.id)
end

-- Turns a terminal job into a tombstone and notes its objects for removal.
local function bury(job, now, keep_ms)
  local key = job_key(job.id)
  local kept = redis.call('HMGET', key, 'created_at', 'finished_at')
  redis.call('ZREM', P .. 'done', job.id)
  redis.call('ZREM', P .. 'dead', job.id)
  redis.call('HINCRBY', P .. 'counts', job.state, -1)
  redis.call('ZREM', list_key(job.owner, job.state), job.id)
  redis.call('ZREM', P .. 'list:' .. job.owner, job.id)
  redis.call('DEL', key)
  redis.call('HSET', key, 'version', job.version, 'owner', job.owner, 'state', 'expired',
    'created_at', kept[1] or now, 'finished_at', kept[2] or now)
  job.state = 'expired'
  set(job)
  redis.call('PEXPIRE', key, keep_ms)
  redis.call('ZADD', P .. 'purge', now, job.id)
end

