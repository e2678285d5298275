/** Compares making a token with bare signing. */
import { sign } from 'node:crypto';
import type { PrivateKey } from 'asymmetric-jwt-auth';
import { createToken } from 'asymmetric-jwt-auth/client';
import { createSigner } from 'fast-jwt';
import { importPKCS8, SignJWT } from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import type { Kind } from './kinds.ts';
import { type Contender, compare, type Row } from './pairs.ts';

const TOKENS = 1000;
const ROUNDS = 6;

export async function benchCreate({ make, hash, alg }: Kind): Promise<Row[]> {
  const key: PrivateKey = await make();
  const pem = key.toPem();
  const joseKey = await importPKCS8(pem, alg);
  const { createPrivateKey } = await import('node:crypto');
  const handle = createPrivateKey(pem);
  const input = Buffer.from((await createToken({ username: 'guido', key })).split('.').slice(0, 2).join('.'));
  const fast = createSigner({ key: pem, algorithm: alg, kid: key.kid, noTimestamp: true });
  let count = 0;
  const claims = () => ({
    username: 'guido',
    time: Math.floor(Date.now() / 1000),
    nonce: `${Math.random()}${count++}`,
  });

  const each = (work: () => unknown) => async (from: number, to: number) => {
    for (let index = from; index < to; index++) await work();
    return to - from;
  };
  const bare: Contender = {
    name: 'bare crypto.sign',
    run: each(() =>
      alg === 'ES256' ? sign(hash, input, { key: handle, dsaEncoding: 'ieee-p1363' }) : sign(hash, input, handle),
    ),
  };
  const others: Contender[] = [
    { name: 'createToken(), complete', run: each(() => createToken({ username: 'guido', key })) },
    { name: 'fast-jwt, sign', run: each(() => fast(claims())) },
    {
      name: 'jose, SignJWT',
      run: each(() => new SignJWT(claims()).setProtectedHeader({ alg, typ: 'JWT', kid: key.kid }).sign(joseKey)),
    },
  ];
  if (alg !== 'EdDSA') {
    others.push({
      name: 'jsonwebtoken, sign',
      run: each(() => jsonwebtoken.sign(claims(), handle, { algorithm: alg, keyid: key.kid, noTimestamp: true })),
    });
  }
  return compare(bare, others, { items: TOKENS, rounds: ROUNDS });
}
