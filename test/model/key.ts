/** State keys use only one byte for each number, because the search keeps a key for every state. */
import type { Closing, Memory, Request, State } from './world.ts';

/** Added to every number, so that negative numbers fit into a byte too. */
const OFFSET = 64;
const PHASES: readonly Request['phase'][] = ['checked', 'read', 'claimed'];
const CLAIMED: readonly State['claimed'][number][] = ['', 'in time', 'out of time'];

/** The buffer in which every key is written. */
const bytes = Buffer.alloc(256);
let length = 0;

/** Returns a string that is the same only for equal states of a scenario. The requests come last, because their number varies. */
export function keyOf(state: State): string {
  length = 0;
  put(state.time);
  put(state.wrong);
  putAll(state.clocks);
  put(state.run);
  put(state.replicaRun);
  put(state.replication);
  put(state.nextId);
  putMemory(state.memory);
  putMemory(state.replica);
  putMemory(state.disk);
  putAll(state.forgetting);
  putClosings(state.closings);
  putAll(state.uses);
  putAll(state.accepted);
  put(state.faults);
  put(Number(state.fallen));
  for (const claimed of state.claimed) put(CLAIMED.indexOf(claimed));
  for (const remains of state.remains) put(Number(remains));
  for (const request of state.requests) putRequest(request);
  return bytes.toString('latin1', 0, length);
}

/** Returns a string that is the same only for states with the same lock-out (floor.ts). */
export function lockOutKeyOf(state: State): string {
  length = 0;
  put(state.time);
  put(state.wrong);
  putAll(state.clocks);
  put(state.memory.floor);
  put(state.memory.life);
  putClosings(state.closings);
  put(state.run);
  put(state.replication);
  return bytes.toString('latin1', 0, length);
}

function put(number: number): void {
  const byte = number + OFFSET;
  if (!(byte >= 0 && byte <= 255 && Number.isInteger(byte))) throw new RangeError(`${number} does not fit into a key`);
  bytes[length++] = byte;
}

function putAll(numbers: readonly number[]): void {
  for (const number of numbers) put(number);
}

function putMemory({ floor, life, records }: Memory): void {
  put(floor);
  put(life);
  putAll(records);
}

function putClosings(closings: readonly (Closing | null)[]): void {
  for (const closing of closings) {
    put(closing?.began ?? -1);
    put(closing?.wall ?? 0);
    put(closing?.floor ?? 0);
  }
}

function putRequest({ node, token, now, phase, read, excused }: Request): void {
  put(node);
  put(token);
  put(now);
  put(PHASES.indexOf(phase));
  put(excused === undefined ? -1 : Number(excused));
  put(read === undefined ? -1 : Number(read.unused));
  put(read?.floor ?? 0);
}
