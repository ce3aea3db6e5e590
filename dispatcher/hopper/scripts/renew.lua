-- Lets documents live on. It never brings one back: what has been taken or has expired stays gone.
-- ARGV[4] on: for each job the document's new deadline (ms on Redis's clock).
-- Returns {'ok', 1 or 0 for each job: its document is there}; {'lost'}, {'late'} or {'deposed'} with nothing done.
local refusal = check()
if refusal then return refusal end
local answer = {'ok'}
for key = 3, #KEYS, 2 do
  redis.call('PEXPIRE', KEYS[key], seen_ms)
  redis.call('PEXPIREAT', KEYS[key + 1], ARGV[4 + (key - 3) / 2])
  -- Asked for by itself: a deadline that has passed deletes the document, and PEXPIREAT answers 1 for that too.
  answer[#answer + 1] = redis.call('EXISTS', KEYS[key + 1])
end
return answer
