-- Removes the queue of a phone that nobody uses any more. Safe to run twice.
-- KEYS[3] the phone's stream of outcomes.
-- Returns {'ok', 1 if it is gone, 0 if there is a call or a report in it}; {'lost'}, {'late'} or {'deposed'} with nothing done.
local refusal = check()
if refusal then return refusal end
if redis.call('XLEN', calls) > 0 or redis.call('XLEN', KEYS[3]) > 0 then return {'ok', 0} end
redis.call('DEL', calls, KEYS[3], fence)
return {'ok', 1}
