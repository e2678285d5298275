/** Sends a steady stream of freshly signed tokens, each several times, and records the responses. */
import { type KeyObject, randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { signToken } from 'ajwt-testkit/sign';
import type { Entry, SentToken } from './checker.ts';

/** A token and its purpose. */
export interface LoadToken extends SentToken {
  /** The clock that dated it: `honest` the true clock, `ahead` a clock that is T ahead, `along` the clock of the servers. */
  readonly kind: 'honest' | 'ahead' | 'along';
  /** Time at which it was signed and first sent, in seconds since the epoch. */
  readonly made: number;
  readonly text: string;
}

export interface LoadEntry extends Entry<LoadToken> {
  /** Whether it is one of the first copies, which are sent immediately. */
  readonly first: boolean;
}

export interface LoadOptions {
  readonly ports: readonly number[];
  /** Private keys, by username. */
  readonly users: ReadonlyMap<string, KeyObject>;
  /** T, in seconds. */
  readonly tolerance: number;
  /** Fresh tokens per second. */
  readonly rate?: number;
  /** The path that requests are sent to. */
  readonly path?: string;
  /** Current error of the servers' clocks, in seconds. */
  readonly offset?: () => number;
}

/** Seconds after which a token is sent again. When it is sent for the last time, its window has closed. */
const AGAIN = [0.3, 0.8, 1.4, 2.1, 3, 4.2];
/** Seconds within which a response must arrive. */
const DEADLINE = 5;
/** If the 10 ms timer does not fire for this many seconds, the machine is too busy, and the measured times are discarded. */
const STALL = 0.25;

/** Returns the seconds since the epoch, by a clock that does not step. */
export const wall = (): number => (performance.timeOrigin + performance.now()) / 1000;

export class Load {
  readonly log: LoadEntry[] = [];
  /** Times at which this process continued after a stall. */
  readonly stalls: number[] = [];
  readonly #options: Required<LoadOptions>;
  readonly #names: readonly string[];
  /** Uses a few connections in turn, so that none is idle for so long that the server closes it. */
  readonly #agent = new Agent({ keepAlive: true, scheduling: 'fifo', maxFreeSockets: 8 });
  readonly #timers = new Set<NodeJS.Timeout>();
  #beat: NodeJS.Timeout | undefined;
  #made = 0;
  #underWay = 0;

  constructor(options: LoadOptions) {
    this.#options = { rate: 40, path: '/.ajwt/auth', offset: () => 0, ...options };
    this.#names = [...options.users.keys()];
  }

  /** Starts the load. Its rate does not depend on responses. */
  start(): void {
    const began = wall();
    let last = began;
    this.#beat = setInterval(() => {
      if (wall() - last > STALL) this.stalls.push(wall());
      last = wall();
      const due = Math.floor((wall() - began) * this.#options.rate);
      // Tokens that were due during a stall are left out, so that they do not become a burst.
      this.#made = Math.max(this.#made, due - 4);
      for (; this.#made < due; this.#made++) this.#fresh(this.#made);
    }, 10);
  }

  /** Stops signing tokens, and waits until all planned copies have been sent and have received responses. */
  async finish(): Promise<void> {
    clearInterval(this.#beat);
    while (this.#timers.size > 0 || this.#underWay > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    this.#agent.destroy();
  }

  /** Sends again, to all servers, every token that was accepted since a given time. */
  async sendAgain(since: number): Promise<void> {
    const used = new Set(
      this.log.filter((entry) => entry.status === 200 && entry.sent >= since).map((one) => one.token),
    );
    const { ports } = this.#options;
    for (const token of used) await Promise.all(ports.map((_, server) => this.#send(token, server, false)));
  }

  /**
   * Signs and sends a token. A quarter of the tokens are dated ahead. If the servers' clocks are wrong, half of the tokens are dated by
   * these clocks.
   */
  #fresh(index: number): void {
    const { users, tolerance, ports, offset } = this.#options;
    const made = wall();
    const off = offset();
    const kind = off !== 0 && index % 2 === 1 ? 'along' : index % 4 === 2 ? 'ahead' : 'honest';
    const username = this.#names[index % this.#names.length] as string;
    // The time is fractional and just within the window, so that the token stays fresh as long as possible after a loss.
    const ahead = Math.round((made + tolerance - 0.1) * 100) / 100;
    const time = { honest: Math.floor(made), ahead, along: Math.floor(made + off) }[kind];
    const claims = { username, time, nonce: randomBytes(16).toString('base64url') };
    const text = signToken('{"alg":"EdDSA","typ":"JWT"}', JSON.stringify(claims), users.get(username) as KeyObject);
    const token: LoadToken = { ...claims, kind, made, text };
    // Sends two copies to one server or to each server, so that the log shows that each server accepts tokens.
    const nearest = Math.floor(index / 8) % (ports.length + 1);
    const chosen = nearest === ports.length ? ports.map((_, server) => server) : [nearest];
    for (const server of chosen) for (let copy = 0; copy < 2; copy++) void this.#send(token, server, true);
    AGAIN.forEach((seconds, turn) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        void this.#send(token, (index + turn) % ports.length, false);
      }, seconds * 1000);
      this.#timers.add(timer);
    });
  }

  async #send(token: LoadToken, server: number, first: boolean): Promise<void> {
    const sent = wall();
    this.#underWay += 1;
    const { status, error } = await this.#ask(token, this.#options.ports[server] as number);
    this.#underWay -= 1;
    this.log.push({ token, server, sent, done: wall(), status, error, first });
  }

  #ask(token: LoadToken, port: number): Promise<Pick<Entry, 'status' | 'error'>> {
    return new Promise((resolve) => {
      const headers = { authorization: `JWT ${token.text}`, 'x-nonce': token.nonce };
      const sending = request({ agent: this.#agent, host: '127.0.0.1', port, path: this.#options.path, headers });
      const timer = setTimeout(() => {
        resolve({ status: 'silent' });
        sending.destroy();
      }, DEADLINE * 1000);
      sending.on('error', () => {
        clearTimeout(timer);
        resolve({ status: 'cut' });
      });
      sending.on('response', (response) => {
        clearTimeout(timer);
        response.resume();
        response.on('error', () => {});
        const error = /error="(\w+)"/.exec(response.headers['www-authenticate'] ?? '')?.[1];
        resolve({ status: response.statusCode ?? 0, error });
      });
      sending.end();
    });
  }
}
