// What runs inside the store, so that reading and writing a shared limit is one step there. Numbers are doubles in Lua:
// nano-dollars are exact up to nine million dollars a window.
#pragma once

#include <string_view>

namespace weir::fleet {

/// KEYS: the window's hash of claims. ARGV: family, member, used, wanted, limit, when it may be forgotten (Unix ms; 0: never),
/// what processes of the family that are gone have spent, as far as this one answers for it, and whether it is alone in its
/// family (1 or 0).
/// A claim is absolute, so saying it twice counts once. It is cut down to what the others left, but never below what is used.
/// Fields: FAMILY/MEMBER is what a living process claims for itself, FAMILY what the ones before it spent. Who is alone takes the
/// claims of the others in its family out: what they spent is in what it answers for.
/// Returns: own claim, the others' sum, the own claim before ('' when the store had none), the family's part of the others' sum.
inline constexpr std::string_view claim_script = R"lua(
local family, own_name = ARGV[1], ARGV[1] .. '/' .. ARGV[2]
local past, alone = tonumber(ARGV[7]), ARGV[8] == '1'
local prefix = family .. '/'
local others, relatives, kept, before = 0, 0, 0, nil
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local name, value = all[i], tonumber(all[i + 1])
  if name == own_name then before = all[i + 1]
  elseif name == family then kept = value
  elseif string.sub(name, 1, #prefix) ~= prefix then others = others + value
  elseif alone then redis.call('HDEL', KEYS[1], name)
  else relatives = relatives + value end
end
if not alone then past = math.max(past, kept) end
if past > 0 then redis.call('HSET', KEYS[1], family, string.format('%.0f', past))
elseif kept > 0 then redis.call('HDEL', KEYS[1], family) end
relatives = relatives + past
others = others + relatives
local own = math.max(math.min(tonumber(ARGV[4]), tonumber(ARGV[5]) - others), tonumber(ARGV[3]))
redis.call('HSET', KEYS[1], own_name, string.format('%.0f', own))
if ARGV[6] ~= '0' then redis.call('PEXPIREAT', KEYS[1], ARGV[6]) end
return {string.format('%.0f', own), string.format('%.0f', others), before or '', string.format('%.0f', relatives)}
)lua";

/// The generic cell rate algorithm for a whole fleet. KEYS: the time (µs) at which all that was taken is paid off. ARGV: units
/// wanted (below zero: given back), units used already (taken whether they fit or not), units per minute, the time as this
/// weir last saw it (what counts when the store has lost it). Returns: units taken, units left, the time.
inline constexpr std::string_view take_script = R"lua(
if redis.replicate_commands then redis.replicate_commands() end
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local each = 60000000 / tonumber(ARGV[3])
local paid = math.max(tonumber(redis.call('GET', KEYS[1]) or ARGV[4]), now)
local free = math.floor((now + 60000000 - paid) / each + 0.001)
local take = math.max(math.min(tonumber(ARGV[1]), free), tonumber(ARGV[2]))
paid = math.max(paid + take * each, now)
redis.call('SET', KEYS[1], string.format('%.3f', paid), 'PX', math.ceil((paid - now) / 1000) + 60000)
return {take, free - take, string.format('%.3f', paid)}
)lua";

/// KEYS: the weirs, by when they last asked (ms). ARGV: weir, after how many ms of silence one counts no more. Returns: how
/// many there are.
inline constexpr std::string_view present_script = R"lua(
if redis.replicate_commands then redis.replicate_commands() end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('ZCARD', KEYS[1])
)lua";

}  // namespace weir::fleet
