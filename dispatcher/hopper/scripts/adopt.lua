-- Takes charge of a phone's queue. Safe to run twice.
-- ARGV[4] '1' if the queue may be made anew: only when the mirror knows of no live attempt on this phone.
-- Returns {'ok'}: in charge; {'lost'}: the fence or the group is missing and may not be made; {'deposed'}.
local holder = redis.call('GET', fence)
if holder and tonumber(holder) > epoch then return {'deposed'} end
local present = group()
if not (holder and present) then
  if ARGV[4] ~= '1' then return {'lost'} end
  -- Entries of a queue that was lost must never be read again: their calls may have been begun.
  if present then
    redis.call('XTRIM', calls, 'MAXLEN', 0)
    -- Claims outlive their entries, and would count as calls in flight for ever.
    local claims = redis.call('XPENDING', calls, GROUP, '-', '+', 1000)
    while #claims > 0 do
      for _, claim in ipairs(claims) do redis.call('XACK', calls, GROUP, claim[1]) end
      claims = redis.call('XPENDING', calls, GROUP, '-', '+', 1000)
    end
  else
    redis.call('DEL', calls)
    redis.call('XGROUP', 'CREATE', calls, GROUP, '0', 'MKSTREAM')
  end
end
redis.call('SET', fence, ARGV[1], 'PX', fence_ms)
return {'ok'}
