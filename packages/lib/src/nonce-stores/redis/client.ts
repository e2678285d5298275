/** Runs scripts through the clients that people have: what is needed of `ioredis` and of `redis`, and nothing of their types. */
import { checkArgument, hasMethod } from '../../core/arguments.ts';
import type { RedisScript } from './scripts.ts';

/** A `Redis` of `ioredis`, also over Sentinel, or a `Cluster`. */
export interface IoredisClient {
  evalsha(sha: string, numberOfKeys: number, ...keyAndArguments: string[]): Promise<unknown>;
  eval(script: string, numberOfKeys: number, ...keyAndArguments: string[]): Promise<unknown>;
  pipeline(commands: unknown[][]): { exec(): Promise<[error: Error | null, reply: unknown][] | null> };
}

/** What `createClient`, `createClientPool`, `createCluster` or `createSentinel` of `redis` makes, connected. */
export interface NodeRedisClient {
  evalSha(sha: string, options: NodeRedisArguments): Promise<unknown>;
  eval(script: string, options: NodeRedisArguments): Promise<unknown>;
  multi(routingKey?: string): object;
}

interface NodeRedisArguments {
  keys: string[];
  arguments: string[];
}

/** What `multi()` of `redis` makes. */
interface NodeRedisPipeline {
  clientId(): NodeRedisPipeline;
  evalSha(sha: string, options: NodeRedisArguments): NodeRedisPipeline;
  eval(script: string, options: NodeRedisArguments): NodeRedisPipeline;
  wait(replicas: number, timeout: number): NodeRedisPipeline;
  info(section: string): NodeRedisPipeline;
  execAsPipeline(): Promise<unknown[]>;
}

export type RedisClient = IoredisClient | NodeRedisClient;

/** How many replicas must have a claim, and how many milliseconds they have for it. */
interface RedisWait {
  readonly replicas: number;
  readonly timeout: number;
}

/** A script's reply, with what `WAIT` said, and whether it said it for the connection that ran the script. */
export interface WaitedReply {
  readonly reply: unknown;
  readonly replicas: number;
  readonly sameConnection: boolean;
  /** The server that ran `WAIT`. */
  readonly runId: string;
}

/** Runs a script on one key. */
export interface ScriptRunner {
  run(script: RedisScript, key: string, args: readonly string[]): Promise<unknown>;
  runAndWait(script: RedisScript, key: string, args: readonly string[], wait: RedisWait): Promise<WaitedReply>;
}

/** How a client sends a script, by name or by text. */
interface Transport {
  send(by: 'sha' | 'text', script: RedisScript, key: string, args: readonly string[]): Promise<unknown>;
  /** Replies of `CLIENT ID`, the script, `WAIT`, `CLIENT ID` and `INFO server`, sent at once on one connection. */
  sendAndWait(
    by: 'sha' | 'text',
    script: RedisScript,
    key: string,
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
    run: (script, key, args) => byNameFirst((by) => transport.send(by, script, key, args)),
    async runAndWait(script, key, args, wait) {
      const replies = await byNameFirst((by) => transport.sendAndWait(by, script, key, args, wait));
      const [before, reply, replicas, after, info] = replies;
      return {
        reply,
        replicas: Number(replicas),
        // A client that lost its connection in between sends `WAIT` on a new one, where it has nothing to wait for.
        sameConnection: before !== undefined && String(before) === String(after),
        runId: /run_id:(\w+)/.exec(String(info))?.[1] ?? '',
      };
    },
  };
}

/** A server that does not know the script has not run it: after a restart, a failover, or `SCRIPT FLUSH`. */
async function byNameFirst<T>(send: (by: 'sha' | 'text') => Promise<T>): Promise<T> {
  try {
    return await send('sha');
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
    return send('text');
  }
}

function ioredis(client: IoredisClient): Transport {
  return {
    send: (by, { sha, text }, key, args) =>
      by === 'sha' ? client.evalsha(sha, 1, key, ...args) : client.eval(text, 1, key, ...args),
    async sendAndWait(by, { sha, text }, key, args, { replicas, timeout }) {
      const command = by === 'sha' ? ['evalsha', sha] : ['eval', text];
      const results = await client
        .pipeline([
          ['client', 'ID'],
          [...command, 1, key, ...args],
          ['wait', replicas, timeout],
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
  const options = (key: string, args: readonly string[]) => ({ keys: [key], arguments: [...args] });
  return {
    send: (by, { sha, text }, key, args) =>
      by === 'sha' ? client.evalSha(sha, options(key, args)) : client.eval(text, options(key, args)),
    sendAndWait(by, { sha, text }, key, args, { replicas, timeout }) {
      const pipeline = (client.multi(key) as NodeRedisPipeline).clientId();
      const script = by === 'sha' ? pipeline.evalSha(sha, options(key, args)) : pipeline.eval(text, options(key, args));
      return script.wait(replicas, timeout).clientId().info('server').execAsPipeline();
    },
  };
}
