-- Stands before every other script.
-- KEYS[1] the phone's fence, KEYS[2] its stream of calls. ARGV[1] the term of the step that sends the script, ARGV[2]
-- fence lifetime (ms), ARGV[3] lifetime of `seen` (ms). Each job has two keys from KEYS[3] on: its `seen`, then its
-- document. A key of another kind than it should be is as good as gone: somebody else's hand was here.
--
-- A term is the dispatcher's epoch, with how often that dispatcher had noticed the loss of this queue as its fraction
-- (5.000001). The fence holds the term in which the queue was adopted or made anew, and only a step of the same term
-- may do anything: one that began before a loss was noticed may know of jobs whose marks are lost.
--
-- check() answers nil if that is so and Redis holds what it should; else the script must return what it answers:
-- {'deposed'} when a later dispatcher has taken over, {'late'} when the step began before the queue was made anew,
-- {'lost'} when the fence or the group is gone or of an older term, so that nothing is concluded from what Redis no
-- longer knows.
-- check(true) is for a script that fills Redis: out of memory, Redis refuses a script's first write if that may need
-- more, and so the script as a whole. Calls can be renewed and, above all, taken back even then.
local fence, calls = KEYS[1], KEYS[2]
local term, fence_ms, seen_ms = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local GROUP = 'dialers'
local MARK = '#dispatcher'

local function group()
  local groups = redis.pcall('XINFO', 'GROUPS', calls)
  if groups.err then return nil end
  for _, fields in ipairs(groups) do
    local found = {}
    for i = 1, #fields, 2 do found[fields[i]] = fields[i + 1] end
    if found['name'] == GROUP then return found end
  end
  return nil
end

-- Whether the group is the one that a dispatcher has made: one that somebody made anew, from the beginning of the
-- stream, would offer claimed entries again, and let what was begun pass for unread.
local function marked()
  for _, fields in ipairs(redis.call('XINFO', 'CONSUMERS', calls, GROUP)) do
    for i = 1, #fields, 2 do
      if fields[i] == 'name' and fields[i + 1] == MARK then return true end
    end
  end
  return false
end

local function after(a, b)
  local a_ms, a_seq = a:match('^(%d+)-(%d+)$')
  local b_ms, b_seq = b:match('^(%d+)-(%d+)$')
  a_ms, b_ms = tonumber(a_ms), tonumber(b_ms)
  return a_ms > b_ms or (a_ms == b_ms and tonumber(a_seq) > tonumber(b_seq))
end

local holder = tonumber(redis.pcall('GET', fence))

local function outdated()
  if not holder or holder <= term then return nil end
  return {math.floor(holder) > math.floor(term) and 'deposed' or 'late'}
end

local function check(fills)
  local refusal = outdated()
  if refusal then return refusal end
  if holder ~= term or not group() then return {'lost'} end
  if fills then
    redis.call('SET', fence, ARGV[1], 'PX', fence_ms)
  else
    redis.call('PEXPIRE', fence, fence_ms)
  end
  return nil
end
