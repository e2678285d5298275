/**
 * The Lua scripts of the Redis nonce store. Each script runs on one key, which is a bucket of users. A bucket is a sorted set:
 *
 * | member | score |
 * |---|---|
 * | `!` and the incarnation of the server that the bucket was last used on | −H: the lowest score, so it has rank 0 |
 * | 22 characters: the hash of (username, time, nonce) | the exact claimed time (scores are binary64) |
 * | 12 characters: `u` and a hash of the username | the second of the user's last claim, plus the number of claims in that second / 2^20 |
 *
 * Claimed times are positive, so only the first member has a score of 0 or less. The other scores are times, so old members have low ranks.
 */
import { sha1Hex } from '#engine';

/** A script, and its hash, by which Redis finds the script after its first run. */
export interface RedisScript {
  readonly text: string;
  readonly sha: string;
}

/** A score has 20 bits for the number of claims, in addition to 31 bits for the second. */
export const MAX_CLAIMS_PER_SECOND = 2 ** 20 - 1;

/**
 * Reads the clock and the epoch. If the recorded incarnation is not the current one, claims may be lost, and H rises. A promotion changes
 * the replication id, and a restart changes the run id. At least one of them therefore changes before a former master becomes master again.
 */
const SETTLE_EPOCH = `
local bucket = KEYS[1]
local caller, keep, gap, rise = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local store = time[1] + time[2] / 1000000
if not (math.abs(caller - store) <= gap) then return { 'gap', '0', '', '' } end

local info = redis.call('INFO', 'server', 'replication')
local function id(field)
  local _, colon = info:find(field, 1, true)
  return info:sub(colon + 1, colon + 20)
end
local incarnation = '!' .. id('run_id:') .. id('master_replid:')
local first = redis.call('ZRANGE', bucket, 0, 1, 'WITHSCORES')
local known = first[2] and tonumber(first[2]) <= 0
local floor = known and -first[2] or 0
local changed = first[1] ~= incarnation
if changed then
  if rise then floor = math.max(floor, store + rise, caller + rise) end
  redis.call('ZADD', bucket, -floor, incarnation)
  if known then redis.call('ZREM', bucket, first[1]) end
end

local function answer(outcome)
  return { outcome, string.format('%.17g', floor), changed and 'changed' or '', incarnation }
end

local function forget(most)
  local before = math.min(store, caller) - keep
  local old = math.min(most, redis.call('ZCOUNT', bucket, '(0', string.format('(%.17g', before)))
  if old == 0 then return end
  local last = redis.call('ZRANGE', bucket, old, old, 'WITHSCORES')
  floor = math.max(floor, tonumber(last[2]))
  redis.call('ZADD', bucket, -floor, incarnation)
  redis.call('ZREMRANGEBYRANK', bucket, 1, old)
end
`;

/**
 * Claims a nonce. Redis refuses to run this script while it is full, a replica or loading, and while it has too few replicas.
 *
 * ARGV: the caller's clock, T + M, the largest accepted gap between the clocks, how far a loss raises H above both (empty: not at all), the
 * claimed time, the record, the user, the maximum number of claims of the user per second.
 */
export const CLAIM = script(`#!lua
${SETTLE_EPOCH}
if floor > store + keep then return answer('closed') end
local claimed, record, user, most = tonumber(ARGV[5]), ARGV[6], ARGV[7], tonumber(ARGV[8])
if redis.call('ZSCORE', bucket, record) then return answer('replayed') end
if not (claimed > floor) then return answer('forgotten') end

local second = tonumber(time[1])
local claims = 0
local counted = redis.call('ZSCORE', bucket, user)
if counted and math.floor(counted) == second then claims = (counted - second) * 1048576 end
if claims >= most then return answer('rate_limited') end

redis.call('ZADD', bucket, ARGV[5], record, second + (claims + 1) / 1048576, user)
if first[4] and tonumber(first[4]) < caller - keep then forget(8) end
return answer('claimed')
`);

/**
 * Settles the epoch of a bucket, and deletes old members. It also runs if Redis is full, because it frees memory.
 *
 * ARGV: the first four arguments of `CLAIM`, then the H that the bucket was closed for, or an empty string. If H still has this value and
 * is in the future, it falls to now.
 */
export const SETTLE = script(`#!lua flags=allow-oom
${SETTLE_EPOCH}
if tonumber(ARGV[5]) == floor and floor > math.max(store, caller) then
  floor = math.max(store, caller)
  redis.call('ZADD', bucket, -floor, incarnation)
end
if floor > store + keep then return answer('closed') end
forget(500)
return answer('settled')
`);

/**
 * Returns what can make a server unfit: permissions that the user lacks, the eviction policy, and whether `INFO` contains the incarnation.
 */
export const INSPECT = script(`#!lua flags=no-writes
local bucket = KEYS[1]
local missing = {}
local function need(...)
  if not redis.acl_check_cmd(...) then missing[#missing + 1] = '+' .. string.lower((...)) end
end
need('INFO', 'server')
need('TIME')
need('ZADD', bucket, 1, 'member')
need('ZSCORE', bucket, 'member')
need('ZCOUNT', bucket, 0, 1)
need('ZRANGE', bucket, 0, 1)
need('ZREM', bucket, 'member')
need('ZREMRANGEBYRANK', bucket, 0, 1)
if #missing > 0 then return { table.concat(missing, ' '), '', '' } end
local info = redis.call('INFO', 'server', 'replication', 'memory')
local named = info:match('run_id:%x+') and info:match('master_replid:%x+')
return { '', info:match('maxmemory_policy:([%w-]+)') or '', named and 'named' or '' }
`);

function script(text: string): RedisScript {
  return { text, sha: sha1Hex(text) };
}
