"""What the Redis store does in one step, as scripts that the server runs.

Counts never become numbers of Lua, which are floats: they travel as text, and the server's own commands add them.
Answers, and reports on their way there, are one JSON text each: redis-py takes ten microseconds for every element
of a list, and so held the event loop for 50 ms to read 2,000 sums.
Times are the server's. Each script checks everything before it writes anything, since none is rolled back.
"""

from hashlib import sha1

from reliakit.drivers.redis_connections import Script

__all__ = [
    "ABSORB",
    "COMMIT",
    "JOURNAL",
    "LAST",
    "LEASE",
    "PRUNE",
    "PUBLISH",
    "READ",
    "RELEASE",
    "RETIRE",
    "TOTALS",
]
__all__ += ["Script"]


_ANSWER = "local function run()\n{}\nend\nlocal answer = run()\nreturn cjson.encode(answer)"


def _script(*parts: str) -> Script:
    text = _ANSWER.format("".join(parts))
    return Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())


_NOW = r"""
local time = redis.call('TIME')
local now = time[1] .. '.' .. string.format('%06d', time[2])
"""

PUBLISH = _script(
    _NOW,
    r"""
local meta, sums, workers, index, rows, tombstone = unpack(KEYS, 1, 6)
local worker, sequence, about, keep = unpack(ARGV)
local totals, marks = cjson.decode(ARGV[5]), cjson.decode(ARGV[6])
local revision = redis.call('HGET', meta, 'revision') or '0'
local counted = redis.call('GET', tombstone)
if counted then return {now, revision, 0, 1, counted} end

local before = redis.call('HGET', workers, worker)
if before then
    local last = string.match(before, '^%d+')
    local later = #sequence > #last or (#sequence == #last and sequence > last)
    if not later then return {now, revision, 1, 1, 0} end
end
redis.call('HSET', workers, worker, sequence .. ' ' .. now .. ' ' .. about)

for name, total in pairs(totals) do
    local counted = redis.call('HGET', rows, name)
    if counted ~= total then
        -- First what was counted goes, then the total comes: neither step leaves the range of 64 bits.
        if counted and counted ~= '0' then redis.call('HINCRBY', sums, name, '-' .. counted) end
        redis.call('HINCRBY', sums, name, total)
        redis.call('HSET', rows, name, total)
    end
end
for at, mark in ipairs(marks) do
    local name, members = unpack(mark)
    for _, member in ipairs(members) do redis.call('SADD', KEYS[6 + at], member) end
    redis.call('EXPIRE', KEYS[6 + at], keep)
    redis.call('ZADD', index, time[1] + keep, name)
end
-- Not at first: after a step that needs no memory, a server that has none left would let all others pass.
redis.call('ZREMRANGEBYSCORE', index, '-inf', time[1])
return {now, revision, 1, before and 1 or 0, 0}
""",
)
"""KEYS: meta, sums, workers, index of marks, rows of the worker, its tombstone, the sets of marks.
ARGV: worker, sequence, about, seconds to keep marks; series and totals; sets and their members."""

TOTALS = _script(
    _NOW,
    r"""
local sums, workers, index = unpack(KEYS)
local prefix, marked = unpack(ARGV)
local function named(name) return string.sub(name, 1, #prefix) == prefix end

local found = redis.call('HGETALL', sums)
if prefix ~= '' then
    local all = found
    found = {}
    for at = 1, #all, 2 do
        if named(all[at]) then
            found[#found + 1] = all[at]
            found[#found + 1] = all[at + 1]
        end
    end
end
local marks = {}
for _, name in ipairs(redis.call('ZRANGEBYSCORE', index, '(' .. time[1], '+inf')) do
    if named(name) then
        marks[#marks + 1] = name
        marks[#marks + 1] = redis.call('SCARD', marked .. name)
    end
end
return {now, found, marks, redis.call('HGETALL', workers)}
""",
)
"""KEYS: sums, workers, index of marks. ARGV: prefix, what the keys of sets of marks begin with."""

RETIRE = _script(
    _NOW,
    r"""
local workers, rows, tombstone = unpack(KEYS)
local worker, silent, keep = unpack(ARGV)
if redis.call('EXISTS', tombstone) == 1 then return 1 end
local row = redis.call('HGET', workers, worker)
if not row then return 0 end
local sequence, seen = string.match(row, '^(%d+) (%S+)')
if tonumber(now) - tonumber(seen) < tonumber(silent) then return 0 end
redis.call('HDEL', workers, worker)  -- at first, for which a server without memory has room; then it has for the rest
redis.call('SET', tombstone, sequence, 'EX', keep)
redis.call('DEL', rows)
return 1
""",
)
"""KEYS: workers, rows of the worker, its tombstone. ARGV: worker, seconds of silence, seconds to keep the tombstone."""

ABSORB = _script(
    r"""
local prefix, into = unpack(ARGV)
local all, moved = redis.call('HGETALL', KEYS[1]), {}
for at = 1, #all, 2 do
    if string.sub(all[at], 1, #prefix) == prefix then
        redis.call('HDEL', KEYS[1], all[at])
        moved[into .. string.sub(all[at], #prefix + 1)] = all[at + 1]
    end
end
for name, sum in pairs(moved) do redis.call('HINCRBY', KEYS[1], name, sum) end
""",
)
"""KEYS: sums. ARGV: prefix, into."""

READ = _script(
    _NOW,
    r"""
local meta, keys, versions, texts = unpack(KEYS)
local found, seen = {}, {}
for _, prefix in ipairs(ARGV) do
    for _, key in ipairs(redis.call('ZRANGEBYLEX', keys, '[' .. prefix, '(' .. prefix .. '\255')) do
        if not seen[key] then
            seen[key] = true
            found[#found + 1] = key
            found[#found + 1] = redis.call('HGET', versions, key)
            found[#found + 1] = redis.call('HGET', texts, key)
        end
    end
end
return {now, redis.call('HGET', meta, 'revision') or '0', found}
""",
)
"""KEYS: meta, keys of documents, versions, texts. ARGV: prefixes."""

COMMIT = _script(
    _NOW,
    r"""
local meta, keys, versions, texts, journal = unpack(KEYS)
local channel, announce, head, writes = unpack(ARGV, 1, 4)
local first, events = 5, 5 + 4 * writes
for at = first, events - 1, 4 do
    if (redis.call('HGET', versions, ARGV[at]) or '0') ~= ARGV[at + 1] then return 0 end
end
if events <= #ARGV and (redis.call('HGET', meta, 'head') or '0') ~= head then return 0 end

-- Microseconds since 1970, or one more than the last: a server that lost its data, or a replica that has not heard
-- of the last commits, gives no number again. They stay exact in a float until the year 2255.
local function fresh(field)
    local last, clock = tonumber(redis.call('HGET', meta, field) or '0'), time[1] * 1000000 + time[2]
    local number = string.format('%.0f', math.max(last + 1, clock))
    redis.call('HSET', meta, field, number)
    return number
end
for at = first, events - 1, 4 do
    local key, kept, text = ARGV[at], ARGV[at + 2], ARGV[at + 3]
    if kept == '1' then
        redis.call('HSET', versions, key, fresh('version'))
        redis.call('HSET', texts, key, text)
        redis.call('ZADD', keys, 0, key)
    else
        redis.call('HDEL', versions, key)
        redis.call('HDEL', texts, key)
        redis.call('ZREM', keys, key)
    end
end
for at = events, #ARGV do
    redis.call('RPUSH', journal, ARGV[at])
    redis.call('HINCRBY', meta, 'head', 1)
end
if announce == '1' then
    fresh('revision')
    redis.pcall('PUBLISH', channel, '')  -- one that may not be sent is a push that is lost
end
return 1
""",
)
"""KEYS: meta, keys of documents, versions, texts, journal.
ARGV: channel, whether to announce, head, how many writes; for each its key, the version expected, whether there is a
text, and the text; then the events."""

_JOURNAL = r"""
local meta, journal = unpack(KEYS)
local head, length = tonumber(redis.call('HGET', meta, 'head') or '0'), redis.call('LLEN', journal)
local first = head - length + 1
"""

JOURNAL = _script(
    _JOURNAL,
    r"""
local from, limit = math.max(tonumber(ARGV[1]) + 1, first), tonumber(ARGV[2])
if limit < 1 or from > head then return {0, {}} end
return {from, redis.call('LRANGE', journal, from - first, from - first + limit - 1)}
""",
)
"""KEYS: meta, journal. ARGV: after, limit."""

LAST = _script(_JOURNAL, r"return {head, redis.call('LINDEX', journal, -1)}")
"""KEYS: meta, journal."""

PRUNE = _script(
    _JOURNAL,
    r"""
local dropped = math.min(tonumber(ARGV[1]) - first, length - 1)
if dropped > 0 then redis.call('LTRIM', journal, dropped, -1) end
""",
)
"""KEYS: meta, journal. ARGV: before."""

LEASE = _script(
    r"""
local held = redis.call('GET', KEYS[1])
if held then
  local lasts, holder = held:match('^(%d+) (.*)$')
  -- One that has far more to go than it ever had was taken before the server's clock went back.
  if holder ~= ARGV[1] and redis.call('PTTL', KEYS[1]) <= 2 * lasts then return 0 end
end
redis.call('SET', KEYS[1], ARGV[2] .. ' ' .. ARGV[1], 'PX', ARGV[2])
return 1
"""
)
"""KEYS: the lease. ARGV: holder, milliseconds."""

RELEASE = _script(
    r"""
local held = redis.call('GET', KEYS[1])
if held and held:match('^%d+ (.*)$') == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""
)
"""KEYS: the lease. ARGV: holder."""
