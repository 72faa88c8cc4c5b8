
-- Ends every script: what was put off is written even when something went wrong on the way.
local ok, answer = pcall(run)
settle()
if ok or type(answer) == 'table' then return answer end
if answer:match('^%u+ ') then return redis.error_reply(answer) end -- an error of Redis, which `pcall` takes apart
error(answer, 0)
