/** Bodies that are checked while the handler reads them. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createAuthorization } from '../../src/client.ts';
import {
  type AuthenticationRequest,
  BodyError,
  createAuthenticator,
  memoryKeyStore,
  memoryNonceStore,
  PrivateKey,
} from '../../src/index.ts';

const key = await PrivateKey.generate();
const digest = createHash('sha256').update('body').digest('base64url');
const sign = (bind = {}) => createAuthorization({ username: 'alice', key, bind });

describe('a body that is checked while the handler reads it', () => {
  function serverWithEvents() {
    const reasons: string[] = [];
    const keys = memoryKeyStore();
    keys.addKey('alice', key.publicKey);
    const { authenticate } = createAuthenticator({
      keys,
      nonces: memoryNonceStore(),
      onResult: ({ reason }) => void reasons.push(reason),
    });
    const send = async (request: Partial<AuthenticationRequest>) =>
      authenticate({ authorization: await sign({ digest }), ...request });
    return { reasons, authenticate, send };
  }
  const rejecting = (error: unknown) => () => Promise.reject(error);

  test('is accepted, and bodyVerified resolves to true when it has been checked', async () => {
    const { reasons, send } = serverWithEvents();
    const { promise, resolve } = Promise.withResolvers<void>();
    const asked: string[] = [];
    const checkBodyLater = (wanted: string) => {
      asked.push(wanted);
      return promise;
    };
    const result = await send({ checkBodyLater });
    expect(asked).toEqual([digest]);
    expect(result.ok).toBe(true);
    resolve();
    expect(result.ok && (await result.bodyVerified)).toBe(true);
    expect(reasons).toEqual(['accepted']);
  });

  test.each([
    ['binding_mismatch', new BodyError('binding_mismatch')],
    ['body_incomplete', new BodyError('body_incomplete')],
    ['unavailable', new Error('the disk is full')],
  ])('bodyVerified rejects, and the hook is called with %s', async (reason, error) => {
    const { reasons, send } = serverWithEvents();
    const result = await send({ checkBodyLater: rejecting(error) });
    await expect(result.ok && result.bodyVerified).rejects.toBe(error);
    expect(reasons).toEqual(['accepted', reason]);
  });

  test('is refused if it is already known to be another body', async () => {
    const { reasons, send } = serverWithEvents();
    const checkBodyLater = () => {
      throw new BodyError('binding_mismatch');
    };
    expect(await send({ checkBodyLater })).toMatchObject({ ok: false, status: 401 });
    expect(reasons).toEqual(['binding_mismatch']);
  });

  test('bodyVerified resolves to false without a digest, and to true if the digest was checked before', async () => {
    const { authenticate, send } = serverWithEvents();
    const unsigned = await authenticate({ authorization: await sign(), checkBodyLater: rejecting(new Error()) });
    expect(unsigned.ok && (await unsigned.bodyVerified)).toBe(false);
    const signed = await send({ bodyDigest: () => digest });
    expect(signed.ok && (await signed.bodyVerified)).toBe(true);
  });

  test('is refused as our own failure by a later call that wants it to be checked before', async () => {
    const { reasons, authenticate } = serverWithEvents();
    const request = { authorization: await sign({ digest }), request: {} };
    const checkBodyLater = () => new Promise<void>(() => {});
    expect((await authenticate({ ...request, checkBodyLater })).ok).toBe(true);
    expect((await authenticate({ ...request, checkBodyLater, require: ['digest'] })).ok).toBe(true);
    expect(await authenticate({ ...request, bodyDigest: () => digest })).toMatchObject({ ok: false, status: 503 });
    expect(reasons).toEqual(['accepted', 'unavailable']);
  });
});
