/** `sodiumEd25519()`, with the real package, without it, and with one that does not work. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { scratch } from 'ajwt-testkit/scratch';
import { beforeAll, describe, expect, test } from 'vitest';
import { sodiumEd25519 } from '../../src/engine/sodium.ts';

const file = scratch();
/** A copy of the sources in a folder from which Node does not find the package. */
const script = file('try.ts');
const fake = join(dirname(script), 'node_modules/sodium-native/index.js');

beforeAll(() => {
  for (const name of ['src', 'package.json']) cpSync(`packages/lib/${name}`, file(name), { recursive: true });
  writeFileSync(
    script,
    `import { SodiumError, sodiumEd25519 } from './src/engine/sodium.ts';
    try { console.log(typeof sodiumEd25519()); } catch (error) {
      if (!(error instanceof SodiumError)) throw error;
      console.log(error.name, error.code, error.message, error.cause?.code);
    }`,
  );
});

/** Calls `sodiumEd25519()` with another `sodium-native`, or without one. Returns what it throws. */
function tryWith(code: string | undefined): string {
  rmSync(dirname(fake), { recursive: true, force: true });
  if (code !== undefined) {
    mkdirSync(dirname(fake), { recursive: true });
    writeFileSync(fake, code);
  }
  return execFileSync(process.execPath, ['--conditions=source', script], { encoding: 'utf8' }).trim();
}

test('the function verifies the examples of RFC 8032', () => {
  const verify = sodiumEd25519();
  // Tests 1 and 3 of §7.1.
  for (const [key, message, signature] of [
    [
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      '',
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    ],
    [
      'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
      'af82',
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    ],
  ].map((row) => row.map((hex) => Buffer.from(hex, 'hex'))) as [Buffer, Buffer, Buffer][]) {
    expect(verify(key, message, signature)).toBe(true);
    expect(verify(key, Buffer.concat([message, message, key]), signature)).toBe(false);
  }
});

describe('sodiumEd25519() throws an error that says what to do', () => {
  test('if sodium-native is not installed', () => {
    expect(tryWith(undefined)).toBe(
      'SodiumError missing_peer sodium-native is not installed; run `npm install sodium-native` MODULE_NOT_FOUND',
    );
  });

  test.each([
    ['cannot be loaded', 'throw new Error("no prebuild");', /cannot be loaded: no prebuild; install a version that/],
    ['lacks a dependency', 'require("require-addon");', /cannot be loaded: Cannot find module 'require-addon'/],
    ['lacks the function', 'module.exports = {};', /fails: .* is not a function; install/],
    [
      'accepts everything',
      'exports.crypto_sign_verify_detached = () => true;',
      /wrong verdicts for RFC 8032 §7.1, test 2/,
    ],
    ['accepts nothing', 'exports.crypto_sign_verify_detached = () => false;', /wrong verdicts/],
    ['is asynchronous', 'exports.crypto_sign_verify_detached = async () => true;', /wrong verdicts/],
  ])('if sodium-native %s', (_what, code, message) => {
    const printed = tryWith(code);
    expect(printed).toMatch(/^SodiumError unusable sodium-native /);
    expect(printed).toMatch(message);
  });
});
