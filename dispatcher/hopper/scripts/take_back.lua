-- Takes calls back, the way a worker would take them: by their documents. Safe to run twice: a job that was taken
-- back stays marked, and gives the same answer again.
-- ARGV[4] on: for each job what stands in for a missing `seen`. '1' if that proves that it never entered the stream, so
-- that marking it keeps it out for ever; the id of its entry where the mirror knows it; '0' if `seen` may merely have
-- outlived its time.
-- Returns {'ok', a word for each job}; {'lost'} (also where the group is another than a dispatcher has made), {'late'}
-- or {'deposed'} with nothing done. The words:
--   taken    the document was here, or never was: nobody began the call, and nobody can any more
--   lapsed   no document, and the entry was never read by anyone: the same proof
--   claimed  no document, and a worker has read the entry: it may have begun the call
--   absent   no document, and nothing is known of an entry: a worker may have reported its outcome
local refusal = check()
if refusal then return refusal end
if not marked() then return {'lost'} end

-- An entry that was read and acknowledged is in no list of pending ones, but it lies behind this mark.
local delivered = group()['last-delivered-id']
local answer = {'ok'}
for key = 3, #KEYS, 2 do
  local seen = redis.call('GET', KEYS[key])
  local known = ARGV[4 + (key - 3) / 2]
  if not seen and known:find('-', 1, true) then seen = known end
  local document = redis.call('GETDEL', KEYS[key + 1])
  local word
  if document then
    word = 'taken'
  elseif not seen then
    word = known == '1' and 'taken' or 'absent'
  elseif seen == 'taken' or seen == 'lapsed' then
    word = seen
  elseif #redis.call('XRANGE', calls, seen, seen) == 0 then
    word = 'absent'
  elseif after(seen, delivered) then
    word = 'lapsed'
  else
    word = 'claimed'
  end
  if word == 'taken' or word == 'lapsed' then
    if seen and seen ~= word then
      redis.call('XACK', calls, GROUP, seen)
      redis.call('XDEL', calls, seen)
    end
    redis.call('SET', KEYS[key], word, 'PX', seen_ms)
  end
  answer[#answer + 1] = word
end
return answer
