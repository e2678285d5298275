/** Makes the same cases from the same seed on every engine: Ed25519 signatures that are valid, damaged, or crafted with a private key. */
import { createPrivateKey, sign } from 'node:crypto';
import { littleEndian } from '../../src/core/ed25519.ts';
import { PublicKey } from '../../src/keys/public-key.ts';
import { add, B, bytesOf, challenge, encode, L, mod, multiply, SMALL_ORDER_ENCODINGS, TORSION } from './curve.ts';

/** A signature to verify. */
export interface Case {
  readonly key: PublicKey;
  readonly message: string;
  readonly signature: Uint8Array;
}

const KEYS = 20;
const SIGNATURES = 1000;

/** Returns pseudorandom whole numbers below a limit (mulberry32). */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed | 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

type Random = ReturnType<typeof randomNumbers>;

const keyOf = (bytes: Uint8Array) =>
  PublicKey.from({ kty: 'OKP', crv: 'Ed25519', x: Buffer.from(bytes).toString('base64url') });

function honestCases(random: Random): Case[] {
  const pairs = Array.from({ length: KEYS }, () => {
    const seed = Buffer.from(Array.from({ length: 32 }, () => random(256)));
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
    const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    const { x } = privateKey.export({ format: 'jwk' });
    return { privateKey, key: keyOf(Buffer.from(x as string, 'base64url')) };
  });
  return Array.from({ length: SIGNATURES }, (_, index) => {
    const { privateKey, key } = pairs[index % KEYS] as (typeof pairs)[number];
    const message = `message ${index}`;
    return { key, message, signature: sign(null, Buffer.from(message, 'latin1'), privateKey) };
  });
}

/**
 * Signs with R = rB + T and A = aB + U for all T and U of small order, also with r = 0, and with all encodings of T. The equation with the
 * cofactor holds for all of these signatures; the equation without it for some (RFC 8032 §5.1.7).
 */
function craftedCases(random: Random): Case[] {
  const scalar = () => mod(littleEndian(Uint8Array.from({ length: 32 }, () => random(256))), L);
  const cases: Case[] = [];
  const a = scalar();
  const r = scalar();
  const [aB, rB] = [multiply(a, B), multiply(r, B)];
  const nonces = [
    ...TORSION.map((T) => ({ r, R: encode(add(rB, T)) })),
    ...SMALL_ORDER_ENCODINGS.map((R) => ({ r: 0n, R })),
  ];
  for (const U of TORSION) {
    const A = encode(add(aB, U));
    const key = keyOf(A);
    for (const { r: nonce, R } of nonces) {
      for (let attempt = 0; attempt < 8; attempt++) {
        const message = `crafted ${attempt}`;
        const S = mod(nonce + challenge(R, A, message) * a, L);
        cases.push({ key, message, signature: Buffer.concat([R, bytesOf(S)]) });
      }
    }
  }
  return cases;
}

/** Ways to change a signature in place. */
const CHANGES: readonly ((signature: Buffer, random: Random) => void)[] = [
  function flipBit(signature, random) {
    const bit = random(512);
    signature[bit >> 3] = (signature[bit >> 3] as number) ^ (1 << (bit & 7));
  },
  function setByte(signature, random) {
    signature[random(64)] = random(256);
  },
  function flipSign(signature) {
    signature[31] = (signature[31] as number) ^ 0x80;
  },
  function raiseS(signature, random) {
    const S = littleEndian(signature.subarray(32)) + BigInt(1 + random(15)) * L;
    if (S < 2n ** 256n) signature.set(bytesOf(S), 32);
  },
  function atEdgeS(signature, random) {
    const edges = [0n, 1n, L - 1n, L, L + 1n, 2n ** 252n - 1n, 2n ** 252n, 2n ** 253n, 2n ** 255n, 2n ** 256n - 1n];
    signature.set(bytesOf(edges[random(edges.length)] as bigint), 32);
  },
  function smallR(signature, random) {
    signature.set(SMALL_ORDER_ENCODINGS[random(SMALL_ORDER_ENCODINGS.length)] as Buffer);
  },
  function notCanonicalR(signature, random) {
    signature.fill(0xff, 1, 31);
    signature[0] = 0xed + random(19);
    signature[31] = random(2) === 0 ? 0x7f : 0xff;
  },
  function torsionInR(signature, random) {
    // Adding (0, -1) to a point negates both of its coordinates.
    const y = littleEndian(signature.subarray(0, 32)) % 2n ** 255n;
    signature.set(bytesOf(mod(-y) | (BigInt(random(2)) << 255n)));
  },
  function swapHalves(signature) {
    signature.set(Buffer.concat([signature.subarray(32), signature.subarray(0, 32)]));
  },
];

/** Returns endless cases: valid and crafted ones as they are, and with changes to signature, message, key and length. */
export function* cases(seed: number): Generator<Case, never> {
  const random = randomNumbers(seed);
  const honest = honestCases(random);
  const originals = [...honest, ...craftedCases(random)];
  const one = <T>(list: readonly T[]) => list[random(list.length)] as T;
  yield* originals;
  for (;;) {
    const original = random(4) === 0 ? one(originals) : one(honest);
    const way = random(CHANGES.length + 4);
    if (way === CHANGES.length) yield original;
    else if (way === CHANGES.length + 1) yield { ...original, message: `${original.message}${random(10)}` };
    else if (way === CHANGES.length + 2) yield { ...original, key: one(honest).key };
    else if (way === CHANGES.length + 3) {
      const longer = Buffer.concat([original.signature, Buffer.alloc(64)]);
      yield { ...original, signature: longer.subarray(0, random(129)) };
    } else {
      const signature = Buffer.from(original.signature);
      CHANGES[way]?.(signature, random);
      yield { ...original, signature };
    }
  }
}
