/**
 * The Lua scripts of the Redis nonce store. A key is a bucket of users. A bucket is a sorted set:
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
 * Reads Redis's clock and its incarnation. `visit` reads a bucket, once in a script. If the recorded incarnation is not the current one,
 * claims may be lost, and H rises. A promotion changes the replication id, and a restart changes the run id. At least one of them therefore
 * changes before a former master becomes master again.
 *
 * ARGV: T + M, the largest accepted gap between the clocks, how far a loss raises H above both (empty: not at all).
 */
const EPOCH = `
local keep, gap, rise = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local store = time[1] + time[2] / 1000000
local info = redis.call('INFO', 'server', 'replication')
local function id(field)
  local _, colon = info:find(field, 1, true)
  return info:sub(colon + 1, colon + 20)
end
local incarnation = '!' .. id('run_id:') .. id('master_replid:')
local buckets = {}

local function visit(key, clock)
  local caller = tonumber(clock)
  if not (math.abs(caller - store) <= gap) then return nil end
  local bucket = buckets[key]
  if bucket then
    bucket.caller = math.min(bucket.caller, caller)
    return bucket
  end
  local first = redis.call('ZRANGE', key, 0, 1, 'WITHSCORES')
  local known = first[2] and tonumber(first[2]) <= 0
  local floor = known and -first[2] or 0
  local changed = first[1] ~= incarnation
  if changed then
    if rise then floor = math.max(floor, store + rise, caller + rise) end
    redis.call('ZADD', key, -floor, incarnation)
    if known then redis.call('ZREM', key, first[1]) end
  end
  bucket = { caller = caller, floor = floor, changed = changed, oldest = tonumber(first[4]) }
  buckets[key] = bucket
  return bucket
end

local function forget(key, bucket, most)
  local before = math.min(store, bucket.caller) - keep
  local old = math.min(most, redis.call('ZCOUNT', key, '(0', string.format('(%.17g', before)))
  if old == 0 then return end
  local last = redis.call('ZRANGE', key, old, old, 'WITHSCORES')
  bucket.floor = math.max(bucket.floor, tonumber(last[2]))
  redis.call('ZADD', key, -bucket.floor, incarnation)
  redis.call('ZREMRANGEBYRANK', key, 1, old)
end

local replies = { incarnation }
local function answer(outcome, bucket)
  local at = #replies
  replies[at + 1] = outcome
  replies[at + 2] = bucket and string.format('%.17g', bucket.floor) or '0'
  replies[at + 3] = bucket and bucket.changed and 'changed' or ''
end
`;

/**
 * Claims one nonce for each key; keys may be equal. Redis refuses to run this script while it is full, a replica or loading, and while it has
 * too few replicas. A bucket with an error, such as a key of another type, fails only its own claims. Claims per user are counted in Lua, and
 * stored once.
 *
 * ARGV: the arguments of `EPOCH`, and the maximum number of claims of a user per second; then, for each nonce: the caller's clock, the
 * claimed time, the record, the user.
 */
export const CLAIM = script(`#!lua
${EPOCH}
local most = tonumber(ARGV[4])
local second = tonumber(time[1])

local function countOf(key, user)
  local counted = redis.call('ZSCORE', key, user)
  if counted and math.floor(counted) == second then return (counted - second) * 1048576 end
  return 0
end

local function claim(index)
  local key, at = KEYS[index], 4 * index
  local bucket = visit(key, ARGV[at + 1])
  if not bucket then return 'gap' end
  if bucket.floor > store + keep then return 'closed', bucket end
  local claimed, record, user = ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  local above = tonumber(claimed) > bucket.floor
  bucket.counts = bucket.counts or {}
  local count = above and (bucket.counts[user] or countOf(key, user))
  if not above or count >= most then
    if redis.call('ZSCORE', key, record) then return 'replayed', bucket end
    return above and 'rate_limited' or 'forgotten', bucket
  end
  if redis.call('ZADD', key, 'NX', claimed, record) == 0 then return 'replayed', bucket end
  bucket.counts[user] = count + 1
  bucket.claims = (bucket.claims or 0) + 1
  return 'claimed', bucket
end

for index = 1, #KEYS do
  local works, outcome, bucket = pcall(claim, index)
  if works then
    answer(outcome, bucket)
  elseif #KEYS == 1 then
    error(outcome, 0)
  else
    answer('failed ' .. (type(outcome) == 'table' and outcome.err or tostring(outcome)))
  end
end
for key, bucket in pairs(buckets) do
  for user, count in pairs(bucket.counts or {}) do
    redis.call('ZADD', key, second + count / 1048576, user)
  end
  if bucket.claims and bucket.oldest and bucket.oldest < bucket.caller - keep then forget(key, bucket, 8 * bucket.claims) end
end
return replies
`);

/**
 * Settles the epoch of a bucket, and deletes old members. It also runs if Redis is full, because it frees memory.
 *
 * ARGV: the arguments of `EPOCH`, the caller's clock, and the H that the bucket was closed for, or an empty string. If H still has this value and is
 * in the future, it falls to now.
 */
export const SETTLE = script(`#!lua flags=allow-oom
${EPOCH}
local function settle(key)
  local bucket = visit(key, ARGV[4])
  if not bucket then return 'gap' end
  local latest = math.max(store, bucket.caller)
  if tonumber(ARGV[5]) == bucket.floor and bucket.floor > latest then
    bucket.floor = latest
    redis.call('ZADD', key, -latest, incarnation)
  end
  if bucket.floor > store + keep then return 'closed', bucket end
  forget(key, bucket, 500)
  return 'settled', bucket
end
answer(settle(KEYS[1]))
return replies
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
