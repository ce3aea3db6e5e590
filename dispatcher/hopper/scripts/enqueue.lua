-- Puts calls into a phone's queue. Safe to run twice: a job enters the stream once, whoever asks again.
-- For each job seven arguments from ARGV[4] on: job, campaign, order, assistant, not_after (ms), the document's
-- deadline (ms on Redis's clock), the document.
-- Returns {'ok', id of the entry or 'taken' for each job}; {'lost'}, {'late'} or {'deposed'} with nothing done.
local refusal = check(true)
if refusal then return refusal end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local answer = {'ok'}
local argument = 4
for key = 3, #KEYS, 2 do
  local seen = redis.call('GET', KEYS[key])
  if not seen then
    local job, campaign, order, assistant, not_after, deadline, document = unpack(ARGV, argument, argument + 6)
    if tonumber(deadline) <= now then
      -- Too late already. The mark keeps a repeat of this script, with a later deadline, from queueing it after all.
      seen = 'taken'
    else
      seen = redis.call('XADD', calls, '*', 'job', job, 'campaign', campaign, 'order', order,
        'assistant', assistant, 'not_after', not_after)
      redis.call('SET', KEYS[key + 1], document, 'PXAT', deadline)
    end
    redis.call('SET', KEYS[key], seen, 'PX', seen_ms)
  end
  answer[#answer + 1] = seen
  argument = argument + 7
end
return answer
