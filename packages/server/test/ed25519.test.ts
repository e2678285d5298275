/** Which function `ajwtd` verifies Ed25519 with, and what it logs. */
import { SodiumError, type SodiumErrorCode } from 'asymmetric-jwt-auth/sodium';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { chooseEd25519 } from '../src/ed25519.ts';

function chosen(load?: () => never) {
  const lines: string[] = [];
  const log = pino({ base: null, timestamp: false }, { write: (line: string) => lines.push(line) });
  const { name, verify } = chooseEd25519(log, load);
  return { name, isNodes: verify === undefined, logged: lines.map((line) => JSON.parse(line)) };
}

const throws = (code: SodiumErrorCode, message: string) => () => {
  throw new SodiumError(code, message);
};

test('sodium-native is used if it is installed', () => {
  expect(chosen()).toEqual({ name: 'sodium-native', isNodes: false, logged: [] });
});

test('node:crypto is used without a warning if sodium-native is not installed', () => {
  const load = throws('missing_peer', 'sodium-native is not installed');
  expect(chosen(load)).toEqual({ name: 'node:crypto', isNodes: true, logged: [] });
});

test('node:crypto is used with a warning that gives the reason if sodium-native does not work', () => {
  const load = throws('unusable', 'sodium-native cannot be loaded: no prebuild; remove it');
  expect(chosen(load)).toEqual({
    name: 'node:crypto',
    isNodes: true,
    logged: [
      {
        level: 40,
        msg: 'sodium-native cannot be loaded: no prebuild; remove it; node:crypto verifies Ed25519 until then',
      },
    ],
  });
});

test('any other error is not hidden', () => {
  expect(() =>
    chosen(() => {
      throw new RangeError('out of memory');
    }),
  ).toThrow('out of memory');
});
