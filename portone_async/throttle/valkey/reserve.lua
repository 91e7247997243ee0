-- Reserve permits of a rate that many processes share (GCRA), or extend the pause of all.
--
-- One round trip does it: a slot is reserved with its time, up to a horizon ahead, and the process
-- sleeps until then. A process that asks for a permit that must be free now asks again and again.
--
-- KEYS  1 state: a hash of the fields tat (the time of the next free slot) and until (the end of
--         the pause), in microseconds of the server's clock
--       2 usage: a hash of the permits of this hour, by worker
-- ARGV  1 interval  microseconds between two slots
--       2 tau       microseconds that the first slot may lie in the past: the credit of a burst
--       3 want      number of slots; 0 only to pause
--       4 horizon   microseconds from now to the last slot
--       5 pause     microseconds from now without a slot
--       6 longest   microseconds: more than any tat or pause can lie ahead
--       7 alone     1 after a time in which the process could not reach the server, else 0
--       8 worker    a field of the usage
--
-- Returns {the number of slots,
--          microseconds from now to the first of them (negative: in the past), or until the next
--          request can succeed,
--          microseconds of the pause that are left}
local interval, tau, want = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local horizon, pause, longest = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])

-- One clock for all processes.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

-- No state gives no credit: the server may have been restarted within a burst.
local state = redis.call('HMGET', KEYS[1], 'tat', 'until')
local tat, till = tonumber(state[1]) or now, tonumber(state[2]) or 0
-- A time so far ahead is of another clock: this one was set back, or is of another server. All
-- processes would wait for the difference.
if tat > now + longest then tat = now end
if till > now + longest then till = 0 end

local function save(field, value)
  -- A Lua number prints 14 digits; these have 16.
  redis.call('HSET', KEYS[1], field, string.format('%.0f', value))
  -- Afterwards the state would only give credit: no key of an idle shop stays.
  redis.call('PEXPIRE', KEYS[1], math.ceil((math.max(tat, till, now) - now + tau) / 1000) + 60000)
end

if pause > 0 and now + pause > till then
  till = now + pause
  save('until', till)
end
if ARGV[7] == '1' then
  -- It has sent at its own rate: no credit for that time. Saved at once, so that a replica refuses
  -- it here, and not only after a pause.
  tat = math.max(tat, now)
  save('tat', tat)
end
if till > now then return {0, 0, till - now} end

-- No slot before the end of a pause, or the first moment after it would be a burst.
local slot = math.max(tat, now - tau, till)
local slots = math.min(want, math.floor((now + horizon - slot) / interval) + 1)
if slots < 1 then return {0, slot - horizon - now, 0} end

tat = slot + slots * interval
save('tat', tat)
redis.call('HINCRBY', KEYS[2], ARGV[8], slots)
redis.call('PEXPIRE', KEYS[2], 7200000)
return {slots, slot - now, 0}
