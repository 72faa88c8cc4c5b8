-- What must be known of the server before jobs are trusted to it. A script, so that in a cluster the node of the
-- queue answers. Cost: O(1).
--
-- Answers {version, maxmemory-policy or ''}.

local function field(section, name)
  return redis.call('INFO', section):match(name .. ':([^\r\n]+)') or ''
end

return { field('server', 'redis_version'), field('memory', 'maxmemory_policy') }
