-- Takes charge of a phone's queue. Safe to run twice.
-- KEYS[#KEYS] the phone's stream of outcomes; jobs before it are of an old time, and are never to enter the queue.
-- ARGV[4] '1' if the queue may be made anew where it is not whole: only when the mirror knows of no live attempt on
-- this phone; '2' if it is made anew whatever there is; '0' otherwise; '-' if it is only asked whether the queue that
-- was adopted is there still: one that another has made anew since is not.
-- ARGV[5] the id of the last entry that the mirror knows of, or '': a stream that does not know of it has forgotten.
-- Returns {'ok'}: in charge; {'lost'}: the fence, the group or its mark is missing, or a stream is none or has
-- forgotten, and nothing may be made; {'late'} or {'deposed'}.
local refusal = outdated()
if refusal then return refusal end

local outcomes = KEYS[#KEYS]
local kind = redis.call('TYPE', outcomes)['ok']
local readable = kind == 'stream' or kind == 'none'

local function forgetful()
  if ARGV[5] == '' then return false end
  local told = redis.call('XINFO', 'STREAM', calls)
  for i = 1, #told, 2 do
    if told[i] == 'last-generated-id' then return after(ARGV[5], told[i + 1]) end
  end
  return true
end

local present = group()
local whole = ARGV[4] ~= '2' and holder and present and marked() and not forgetful()
local making = ARGV[4] == '1' or ARGV[4] == '2'
if not (whole and readable) and not making then return {'lost'} end
if ARGV[4] == '-' and holder ~= term then return {'lost'} end
if not whole then
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
  redis.call('XGROUP', 'CREATECONSUMER', calls, GROUP, MARK)
end
if not readable then redis.call('DEL', outcomes) end
-- A script that was on its way when the queue was lost may come only now, with calls that are held already.
for key = 3, #KEYS - 1, 2 do
  redis.call('DEL', KEYS[key + 1])
  redis.call('SET', KEYS[key], 'taken', 'PX', seen_ms)
end
redis.call('SET', fence, ARGV[1], 'PX', fence_ms)
return {'ok'}
