-- Whether one more job may wait. Stands between the prelude and the scripts that ask. Cost: O(log n).

local PACE_MS = 60000 -- what ended in so many ms is how fast jobs go

-- Milliseconds until `excess` jobs are gone of which every `sharers`-th ends; -1 when none ended of late.
local function gone_in(excess, sharers)
  local from = now_ms() - PACE_MS
  local ended = redis.call('ZCOUNT', P .. 'done', from, '+inf') + redis.call('ZCOUNT', P .. 'dead', from, '+inf')
  return ended > 0 and math.ceil(excess * sharers * PACE_MS / ended) or -1
end

-- Jobs of one owner that wait.
local function waiting_of(owner)
  return redis.call('ZCARD', list_key(owner, 'queued')) + redis.call('ZCARD', list_key(owner, 'scheduled'))
    + redis.call('ZCARD', list_key(owner, 'retrying'))
end

-- {'full' or 'quota', jobs that wait, ms until there is room or -1} when no further job of `owner` may wait, else nil.
local function refusal(owner, limit, owner_limit)
  local depth = waiting()
  if depth >= limit then return { 'full', depth, gone_in(depth - limit + 1, 1) } end
  local own = owner_limit > 0 and waiting_of(owner) or 0
  if owner_limit > 0 and own >= owner_limit then -- owners are served in turns
    return { 'quota', own, gone_in(own - owner_limit + 1, math.max(1, redis.call('ZCARD', P .. 'owners'))) }
  end
end

