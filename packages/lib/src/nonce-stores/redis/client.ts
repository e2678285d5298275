/** Runs scripts through a client of `ioredis` or `redis`, without depending on their types. */
import { checkArgument, hasMethod } from '../../core/arguments.ts';
import { codeOf } from './replies.ts';
import type { RedisScript } from './scripts.ts';

/** A `Redis` (with or without Sentinel) or a `Cluster` of `ioredis`. */
export interface IoredisClient {
  evalsha(sha: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
  eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
  pipeline(commands: unknown[][]): { exec(): Promise<[error: Error | null, reply: unknown][] | null> };
}

/** A connected client from `createClient`, `createClientPool`, `createCluster` or `createSentinel` of `redis`. */
export interface NodeRedisClient {
  evalSha(sha: string, options: NodeRedisArguments): Promise<unknown>;
  eval(script: string, options: NodeRedisArguments): Promise<unknown>;
  multi(routingKey?: string): object;
}

interface NodeRedisArguments {
  keys: string[];
  arguments: string[];
}

/** The result of `multi()` of `redis`. */
interface NodeRedisPipeline {
  clientId(): NodeRedisPipeline;
  evalSha(sha: string, options: NodeRedisArguments): NodeRedisPipeline;
  eval(script: string, options: NodeRedisArguments): NodeRedisPipeline;
  wait(replicas: number, timeoutMs: number): NodeRedisPipeline;
  info(section: string): NodeRedisPipeline;
  execAsPipeline(): Promise<unknown[]>;
}

export type RedisClient = IoredisClient | NodeRedisClient;

/** How many replicas must have a claim, and how long to wait for them, in milliseconds. */
interface RedisWait {
  readonly replicas: number;
  readonly timeoutMs: number;
}

/** The replies of a script and of the `WAIT` that follows it. */
export interface WaitedReply {
  readonly reply: unknown;
  readonly replicas: number;
  /** Whether the script and `WAIT` ran on the same connection. */
  readonly sameConnection: boolean;
  /** The id of the server that ran `WAIT`. */
  readonly runId: string;
}

/** Runs a script. */
export interface ScriptRunner {
  run(script: RedisScript, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  runAndWait(
    script: RedisScript,
    keys: readonly string[],
    args: readonly string[],
    wait: RedisWait,
  ): Promise<WaitedReply>;
}

/** Sends a script, or only its hash, through a client. */
interface Transport {
  send(by: 'sha' | 'text', script: RedisScript, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  /** Sends `CLIENT ID`, the script, `WAIT`, `CLIENT ID` and `INFO server` in one pipeline, and returns their replies. */
  sendAndWait(
    by: 'sha' | 'text',
    script: RedisScript,
    keys: readonly string[],
    args: readonly string[],
    wait: RedisWait,
  ): Promise<unknown[]>;
}

/** @throws TypeError for a URL, options of a client, a promise, or anything else that is not a client */
function checkClient(client: unknown): void {
  const is = ['evalSha', 'evalsha'].some((name) => hasMethod(client, name)) && hasMethod(client, 'eval');
  checkArgument(
    is,
    'client',
    "a client: new Redis(url) of 'ioredis', or a connected createClient({ url }) of 'redis'",
    client,
  );
}

export function scriptRunner(client: RedisClient): ScriptRunner {
  checkClient(client);
  const transport = 'evalSha' in client ? nodeRedis(client) : ioredis(client);
  return {
    run: (script, keys, args) => byHashFirst((by) => transport.send(by, script, keys, args)),
    async runAndWait(script, keys, args, wait) {
      const replies = await byHashFirst((by) => transport.sendAndWait(by, script, keys, args, wait));
      const [before, reply, replicas, after, info] = replies;
      return {
        reply,
        replicas: Number(replicas),
        // If the client loses its connection after the script, it sends `WAIT` on a new one. There, `WAIT` does not wait for the script.
        sameConnection: before !== undefined && String(before) === String(after),
        runId: /run_id:(\w+)/.exec(String(info))?.[1] ?? '',
      };
    },
  };
}

/**
 * Sends the hash of a script. After a restart, a failover or `SCRIPT FLUSH`, the server does not have the script, and has not run it. Then
 * sends the text.
 */
async function byHashFirst<T>(send: (by: 'sha' | 'text') => Promise<T>): Promise<T> {
  try {
    return await send('sha');
  } catch (error) {
    if (codeOf(error) !== 'NOSCRIPT') throw error;
    return send('text');
  }
}

function ioredis(client: IoredisClient): Transport {
  return {
    send: (by, { sha, text }, keys, args) =>
      by === 'sha'
        ? client.evalsha(sha, keys.length, ...keys, ...args)
        : client.eval(text, keys.length, ...keys, ...args),
    async sendAndWait(by, { sha, text }, keys, args, { replicas, timeoutMs }) {
      const command = by === 'sha' ? ['evalsha', sha] : ['eval', text];
      const results = await client
        .pipeline([
          ['client', 'ID'],
          [...command, keys.length, ...keys, ...args],
          ['wait', replicas, timeoutMs],
          ['client', 'ID'],
          ['info', 'server'],
        ])
        .exec();
      return (results ?? []).map(([error, reply]) => {
        if (error !== null) throw error;
        return reply;
      });
    },
  };
}

function nodeRedis(client: NodeRedisClient): Transport {
  const options = (keys: readonly string[], args: readonly string[]) => ({ keys: [...keys], arguments: [...args] });
  return {
    send: (by, { sha, text }, keys, args) =>
      by === 'sha' ? client.evalSha(sha, options(keys, args)) : client.eval(text, options(keys, args)),
    sendAndWait(by, { sha, text }, keys, args, { replicas, timeoutMs }) {
      const pipeline = (client.multi(keys[0]) as NodeRedisPipeline).clientId();
      const given = options(keys, args);
      const script = by === 'sha' ? pipeline.evalSha(sha, given) : pipeline.eval(text, given);
      return script.wait(replicas, timeoutMs).clientId().info('server').execAsPipeline();
    },
  };
}
