/** The checks that run before any Ed25519 engine, on signatures that some engines accept and others refuse. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { publicKeyOf } from 'ajwt-testkit/fixtures';
import { keyErrorCode } from 'ajwt-testkit/verify';
import { describe, expect, test } from 'vitest';
import { algorithm } from '../../src/core/algorithms.ts';
import { checkSignature } from '../../src/core/check-signature.ts';
import { hasSmallOrder, isUnambiguous, littleEndian, P } from '../../src/core/ed25519.ts';
import { PublicKey } from '../../src/index.ts';
import {
  add,
  B,
  bytesOf,
  challenge,
  encode,
  L,
  mod,
  multiply,
  SMALL_ORDER_ENCODINGS,
  TORSION,
} from '../ed25519/curve.ts';

const EDDSA = algorithm('EdDSA');
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const key = publicKeyOf(publicKey);
const MESSAGE = 'header.payload';
const good = sign(null, Buffer.from(MESSAGE), privateKey);
const acceptsAll = () => true;

/** Returns the signature with other bytes at an offset. */
function changed(bytes: Uint8Array, at: number): Uint8Array {
  const signature = Buffer.from(good);
  signature.set(bytes, at);
  return signature;
}

describe('points of small order', () => {
  test('have exactly the 14 encodings that other implementations list', () => {
    // The list of libsodium (ge25519_has_small_order), without the sign bit.
    const listed = [
      '0000000000000000000000000000000000000000000000000000000000000000',
      '0100000000000000000000000000000000000000000000000000000000000000',
      '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
      'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
      'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    ];
    const unsigned = SMALL_ORDER_ENCODINGS.map((bytes) => bytesOf(littleEndian(bytes) % 2n ** 255n).toString('hex'));
    expect([...new Set(unsigned)].sort()).toEqual(listed);
    expect(new Set(SMALL_ORDER_ENCODINGS.map((bytes) => bytes.toString('hex'))).size).toBe(14);
  });

  test.each(SMALL_ORDER_ENCODINGS.map((bytes) => [bytes.toString('hex'), bytes] as const))(
    'include %s',
    (_hex, bytes) => {
      expect(hasSmallOrder(bytes)).toBe(true);
    },
  );

  test('do not include other points, not even those with the same first byte', () => {
    const points = Array.from({ length: 300 }, (_, index) => multiply(BigInt(index + 1), B));
    const encodings = [...points, ...TORSION.map((torsion) => add(B, torsion))].map(encode);
    const near = SMALL_ORDER_ENCODINGS.map((bytes) => Buffer.from(bytes).fill((bytes[9] as number) ^ 1, 9, 10));
    for (const bytes of [...encodings, ...near]) expect(hasSmallOrder(bytes)).toBe(false);
    expect(
      encodings.filter(([first]) => [0, 1, 38, 199, 236, 237, 238].includes(first as number)).length,
    ).toBeGreaterThan(3);
  });

  test.each(SMALL_ORDER_ENCODINGS.map((bytes) => [bytes.toString('hex'), bytes] as const))(
    'cannot be imported as a key: %s',
    (_hex, bytes) => {
      const jwk = { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url') };
      expect(keyErrorCode(() => PublicKey.from(jwk))).toBe('weak_key');
    },
  );
});

describe('a signature that no engine may see', () => {
  const S = littleEndian(good.subarray(32));
  test.each<readonly [what: string, signature: Uint8Array]>([
    ...SMALL_ORDER_ENCODINGS.map((bytes) => [`R = ${bytes.toString('hex')}`, changed(bytes, 0)] as const),
    ['S + L', changed(bytesOf(S + L), 32)],
    ['S + 15 L', changed(bytesOf(S + 15n * L), 32)],
    ['S = L', changed(bytesOf(L), 32)],
    ['S = 2²⁵⁶ - 1', changed(bytesOf(2n ** 256n - 1n), 32)],
    ['no bytes', new Uint8Array(0)],
    ['63 bytes', good.subarray(0, 63)],
    ['65 bytes', Buffer.concat([good, Buffer.alloc(1)])],
    ['128 bytes', Buffer.concat([good, good])],
  ])('is refused before it: %s', (_what, signature) => {
    expect(isUnambiguous(signature)).toBe(false);
    expect(checkSignature(EDDSA, key, MESSAGE, signature, acceptsAll)).toBe(false);
    expect(checkSignature(EDDSA, key, MESSAGE, signature)).toBe(false);
  });

  test('is refused even if it satisfies the equation: R is the identity, and S is h times the private scalar', () => {
    // Node 22, Bun and Deno accept this signature.
    const scalar = 1234567890123456789n;
    const A = encode(multiply(scalar, B));
    const R = bytesOf(1n);
    const signature = Buffer.concat([R, bytesOf(mod(challenge(R, A, MESSAGE) * scalar, L))]);
    const own = PublicKey.from({ kty: 'OKP', crv: 'Ed25519', x: A.toString('base64url') });
    expect(checkSignature(EDDSA, own, MESSAGE, signature)).toBe(false);
    expect(checkSignature(EDDSA, own, MESSAGE, signature, acceptsAll)).toBe(false);
  });
});

describe('a function in place of the engine', () => {
  test.each([
    ['an honest signature', good],
    ['the largest S', changed(bytesOf(2n ** 252n - 1n), 32)],
    ['R = (0, 2), which is not a point', changed(bytesOf(2n), 0)],
    ['an R that is not canonical and has no small order', changed(bytesOf(P + 3n), 0)],
  ])('gets %s', (_what, signature) => {
    const calls: unknown[] = [];
    const verify = (...args: unknown[]) => calls.push(args) === 1;
    expect(checkSignature(EDDSA, key, MESSAGE, signature, verify)).toBe(true);
    expect(calls).toEqual([[key.ed25519, Buffer.from(MESSAGE), signature]]);
    expect(calls).toHaveLength(1);
  });

  test.each([1, 'true', {}, Promise.resolve(true), undefined, null, false])(
    'accepts nothing by returning %o',
    (value) => {
      expect(checkSignature(EDDSA, key, MESSAGE, good, () => value as boolean)).toBe(false);
    },
  );

  test('is not called for other algorithms', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const signature = sign('sha256', Buffer.from(MESSAGE), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    const never = () => expect.unreachable();
    expect(checkSignature(algorithm('ES256'), publicKeyOf(publicKey), MESSAGE, signature, never)).toBe(true);
  });

  test('gets the bytes of the key, which are the same object each time', () => {
    const { x } = publicKey.export({ format: 'jwk' });
    expect(Buffer.from(key.ed25519 as Uint8Array).toString('base64url')).toBe(x);
    expect(key.ed25519).toBe(key.ed25519);
  });
});
