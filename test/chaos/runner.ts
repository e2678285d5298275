/** Runs one fault: injects it repeatedly under steady load, and checks the client's log. */
import { checkLog, type Double, type Verdict } from './checker.ts';
import type { Fault, Scene } from './fault.ts';
import { Load, type LoadEntry, type LoadToken, wall } from './load.ts';
import { REMAINDERS, type Remainder, type Trouble } from './remainders.ts';
import { SIGNS } from './signs.ts';
import { LOOK, MARGIN, TOLERANCE } from './times.ts';
import { makeUsers } from './users.ts';

export interface FaultReport extends Verdict {
  readonly name: string;
  readonly rounds: number;
  /** Number of rounds whose times count, because the machine did not stall. */
  readonly timed: number;
  /** Seconds in the worst round from the server's return until each server accepted a fresh token. */
  readonly recovery: number;
  /** Seconds from the server's return until the last refusal of an honest, fresh token, in the worst round. */
  readonly lockOut: number;
  /** Descriptions of all failed checks. */
  readonly failures: readonly string[];
}

/** One round, in seconds since the epoch. */
interface Round extends Trouble {
  /** The end of the period in which refusals are counted. */
  readonly ended: number;
  readonly recovery: number;
}

const USERS = 12;
/** Seconds of load between the parts of a round. */
const CALM = 0.7;
const sleep = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Runs a fault. @param say - called with a line for each round */
export async function runFault(fault: Fault, rounds: number, say: (line: string) => void): Promise<FaultReport> {
  const users = makeUsers(USERS);
  const scene = await fault.set(users);
  const load = new Load({
    ports: scene.servers.map(({ port }) => port),
    users: users.privateKeys,
    tolerance: TOLERANCE,
    ...(scene.path === undefined ? {} : { path: scene.path }),
    ...(scene.offset === undefined ? {} : { offset: scene.offset }),
  });
  try {
    load.start();
    const began = wall();
    await untilServing(load, scene, began, 20);
    const past: Round[] = [];
    for (let number = 0; number < rounds; number++) {
      const round = await runRound(fault, scene, load, number);
      past.push(round);
      say(`${fault.name}: round ${number + 1} of ${rounds}, served again after ${round.recovery.toFixed(2)} s`);
    }
    await load.finish();
    await load.sendAgain(wall() - 4 * TOLERANCE - MARGIN);
    return judge(fault, scene, load, past);
  } finally {
    await scene.end();
  }
}

async function runRound(fault: Fault, scene: Scene, load: Load, number: number): Promise<Round> {
  const { lasts = 1 } = fault;
  await sleep(CALM);
  const began = wall();
  await scene.inject(number);
  if (scene.sendsAgain) await load.sendAgain(0);
  await sleep(lasts);
  await scene.heal(number);
  const healed = wall();
  await untilServing(load, scene, healed, lockOutOf(fault) + 5);
  const recovery = Math.max(...scene.servers.map((_, server) => (firstServed(load.log, server, healed) ?? 0) - healed));
  await sleep(CALM);
  // Replay the tokens of this round to both servers.
  await load.sendAgain(began - TOLERANCE);
  const ended = wall();
  if (scene.restore !== undefined) {
    await scene.restore(number);
    await untilServing(load, scene, wall(), lockOutOf(fault) + 5);
  }
  return { began, healed, ended, recovery };
}

const lockOutOf = ({ lockOut = 2 * TOLERANCE + MARGIN }: Fault) => lockOut;

/** Returns when a server first accepted an honest token made after a time. */
function firstServed(log: readonly LoadEntry[], server: number, since: number): number | undefined {
  return log.find((entry) => {
    const { token, status, first } = entry;
    return first && status === 200 && entry.server === server && token.kind === 'honest' && token.made > since;
  })?.done;
}

/** Waits until each server accepts honest tokens. A later check uses the result. */
async function untilServing(load: Load, { servers }: Scene, since: number, seconds: number): Promise<void> {
  const serves = () => servers.every((_, server) => firstServed(load.log, server, since) !== undefined);
  while (!serves()) {
    if (wall() > since + seconds) throw new Error(`not served within ${seconds} s: ${lastAnswers(load.log)}`);
    await sleep(0.02);
  }
}

function lastAnswers(log: readonly LoadEntry[]): string {
  return log
    .slice(-12)
    .map(({ server, status, error, token }) => `${server}:${status} ${error ?? ''} ${token.kind}`)
    .join(', ');
}

/** Returns how many seconds after the server's return the last refused honest token was made. */
function lastRefusal(log: readonly LoadEntry[], { healed, ended }: Round): number {
  const servedTokens = new Map<LoadToken, boolean>();
  for (const { token, first, status } of log) {
    if (!first || token.kind !== 'honest' || token.made < healed || token.made > ended) continue;
    servedTokens.set(token, (servedTokens.get(token) ?? false) || status === 200);
  }
  const refused = [...servedTokens].filter(([, served]) => !served).map(([token]) => token.made - healed);
  return Math.max(0, ...refused);
}

function judge(fault: Fault, scene: Scene, { log, stalls }: Load, rounds: readonly Round[]): FaultReport {
  const circumstances = { troubles: rounds, keep: TOLERANCE + MARGIN };
  const remains: Remainder = REMAINDERS[fault.remainder ?? 'none'];
  const isRemainder = (double: Double) => remains(double, circumstances);
  const verdict = checkLog(withoutStalls(log, stalls), {
    isRemainder,
    cuts: fault.cuts === true,
    silent: (fault.silent ?? 0) * rounds.length,
  });
  // Discards the times of rounds in which this machine stalled.
  const timed = rounds.filter(({ began, ended }) => !stalls.some((at) => at >= began && at <= ended));
  const recovery = Math.max(0, ...timed.map((round) => round.recovery));
  const lockOut = Math.max(0, ...timed.map((round) => lastRefusal(log, round)));
  const unfelt = rounds.filter((round) => !log.some((entry) => isFelt(fault, entry, round))).length;
  // A token is dated in whole seconds, but a floor has a fraction, so the lock-out can take a second longer.
  const most = lockOutOf(fault) + 1 + LOOK;
  const failures = [
    ...(verdict.doubles.length === 0 ? [] : [`${verdict.doubles.length} accepted twice: ${describe(verdict)}`]),
    ...(verdict.wrong.length === 0 ? [] : [`${verdict.wrong.length} wrong responses: ${wrongOf(verdict)}`]),
    ...(recovery <= fault.recovery
      ? []
      : [`served again after ${recovery.toFixed(2)} s, not within ${fault.recovery} s`]),
    ...(lockOut <= most
      ? []
      : [`a fresh token was still refused after ${lockOut.toFixed(2)} s, longer than ${most} s`]),
    ...(unfelt === 0 ? [] : [`in ${unfelt} rounds the fault had no visible effect: no ${fault.felt}`]),
    ...(fault.provoked && timed.length > 0 && verdict.remainder.length === 0
      ? ['the documented remainder did not occur']
      : []),
    ...(scene.failures?.() ?? []),
  ];
  return { name: fault.name, rounds: rounds.length, timed: timed.length, ...verdict, recovery, lockOut, failures };
}

/** Leaves out requests whose response was missed because this process itself was stalled. */
function withoutStalls(log: readonly LoadEntry[], stalls: readonly number[]): LoadEntry[] {
  return log.filter(
    ({ status, sent, done }) => typeof status === 'number' || !stalls.some((at) => at >= sent && at <= done + 1),
  );
}

/** Returns whether a response shows the effect of the fault. */
function isFelt({ felt }: Fault, entry: LoadEntry, { began, ended }: Round): boolean {
  return entry.done >= began && entry.sent <= ended && SIGNS[felt](entry);
}

function describe({ doubles }: Verdict): string {
  const some = doubles.slice(0, 3).map(({ first, second }) => {
    const ahead = (first.token.time - first.sent).toFixed(2);
    const apart = (second.sent - first.sent).toFixed(3);
    return `dated ${ahead} s after it was sent, accepted by server ${first.server}, and ${apart} s later by server ${second.server}`;
  });
  return some.join('; ');
}

function wrongOf({ wrong }: Verdict): string {
  return [...new Set(wrong.map(({ status }) => status))].join(', ');
}
