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
 * Reads Redis's clock and its incarnation, once for all buckets of a script. `visit` reads a bucket: it sets `floor` and `changed`. If the
 * recorded incarnation is not the current one, claims may be lost, and H rises. A promotion changes the replication id, and a restart changes
 * the run id. At least one of them therefore changes before a former master becomes master again.
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
local bucket, caller, floor, changed, oldest

local function visit(key, clock)
  bucket, caller, floor, changed = key, tonumber(clock), 0, false
  if not (math.abs(caller - store) <= gap) then return false end
  local first = redis.call('ZRANGE', bucket, 0, 1, 'WITHSCORES')
  local known = first[2] and tonumber(first[2]) <= 0
  oldest = tonumber(first[4])
  if known then floor = -first[2] end
  changed = first[1] ~= incarnation
  if changed then
    if rise then floor = math.max(floor, store + rise, caller + rise) end
    redis.call('ZADD', bucket, -floor, incarnation)
    if known then redis.call('ZREM', bucket, first[1]) end
  end
  return true
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

local replies = { incarnation }
local function answer(outcome)
  local at = #replies
  replies[at + 1] = outcome
  replies[at + 2] = string.format('%.17g', floor)
  replies[at + 3] = changed and 'changed' or ''
end
`;

/**
 * Claims one nonce for each key; keys may be equal. Redis refuses to run this script while it is full, a replica or loading, and while it has
 * too few replicas. A bucket with an error, such as a key of another type, fails only its own claims.
 *
 * ARGV: those of `EPOCH`, the maximum number of claims of a user per second; then, for each nonce: the caller's clock, the claimed time, the
 * record, the user.
 */
export const CLAIM = script(`#!lua
${EPOCH}
local most = tonumber(ARGV[4])
local second = tonumber(time[1])

local function claim(index)
  local at = 4 * index
  if not visit(KEYS[index], ARGV[at + 1]) then return 'gap' end
  if floor > store + keep then return 'closed' end
  local record, user = ARGV[at + 3], ARGV[at + 4]
  if redis.call('ZSCORE', bucket, record) then return 'replayed' end
  if not (tonumber(ARGV[at + 2]) > floor) then return 'forgotten' end

  local claims = 0
  local counted = redis.call('ZSCORE', bucket, user)
  if counted and math.floor(counted) == second then claims = (counted - second) * 1048576 end
  if claims >= most then return 'rate_limited' end

  redis.call('ZADD', bucket, ARGV[at + 2], record, second + (claims + 1) / 1048576, user)
  if oldest and oldest < caller - keep then forget(8) end
  return 'claimed'
end

if #KEYS == 1 then
  answer(claim(1))
  return replies
end
for index = 1, #KEYS do
  local works, outcome = pcall(claim, index)
  if works then
    answer(outcome)
  else
    answer('failed ' .. (type(outcome) == 'table' and outcome.err or tostring(outcome)))
  end
end
return replies
`);

/**
 * Settles the epoch of a bucket, and deletes old members. It also runs if Redis is full, because it frees memory.
 *
 * ARGV: those of `EPOCH`, the caller's clock, and the H that the bucket was closed for, or an empty string. If H still has this value and is
 * in the future, it falls to now.
 */
export const SETTLE = script(`#!lua flags=allow-oom
${EPOCH}
local function settle()
  if not visit(KEYS[1], ARGV[4]) then return 'gap' end
  if tonumber(ARGV[5]) == floor and floor > math.max(store, caller) then
    floor = math.max(store, caller)
    redis.call('ZADD', bucket, -floor, incarnation)
  end
  if floor > store + keep then return 'closed' end
  forget(500)
  return 'settled'
end
answer(settle())
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
