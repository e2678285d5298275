/** The messages of refusals tell both the caller and the operator what to do, and contain no token. */
import { describe, expect, test } from 'vitest';
import { createAuthorization } from '../../src/client.ts';
import {
  type AuthenticatorOptions,
  createAuthenticator,
  memoryKeyStore,
  memoryNonceStore,
  PrivateKey,
} from '../../src/index.ts';

const key = await PrivateKey.generate();

/** Sends a header to a new server. @returns the message for the caller and the message for the operator */
async function refused(authorization: string | undefined, options: Partial<AuthenticatorOptions<undefined>> = {}) {
  const keys = memoryKeyStore();
  keys.addKey('guido', key.publicKey);
  const messages: string[] = [];
  const auth = createAuthenticator({
    keys,
    nonces: memoryNonceStore({ afterLoss: 'accept' }),
    onResult: ({ message }) => messages.push(message),
    ...options,
  });
  const result = await auth.authenticate({ authorization, method: 'GET', target: '/x' });
  if (result.ok) throw new Error('accepted');
  return { caller: JSON.parse(result.body).detail as string, operator: messages[0], reason: result.reason };
}

const HERE = { aud: 'https://here.example', htm: 'GET', target: '/x' } as const;
const signed = (members: readonly (keyof typeof HERE)[] = []) =>
  createAuthorization({
    username: 'guido',
    key,
    ...(members.length === 0 ? {} : { bind: Object.fromEntries(members.map((name) => [name, HERE[name]])) }),
  });

describe('the message for a request without a token of the scheme', () => {
  const SENTENCE = 'No token was sent; sign the request, and send the token with the scheme: ';

  test('names the scheme', async () => {
    expect(await refused(undefined)).toMatchObject({ reason: 'missing', caller: `${SENTENCE}JWT.` });
    expect(await refused(undefined, { scheme: 'Custom' })).toMatchObject({ caller: `${SENTENCE}Custom.` });
  });

  test('contains the start of the header if it is a known scheme or a quotation mark', async () => {
    const token = (await signed()).slice('JWT '.length);
    expect((await refused(`Bearer ${token}`)).caller).toBe(`${SENTENCE}JWT, not Bearer.`);
    expect((await refused('basic QQ==')).caller).toBe(`${SENTENCE}JWT, not basic.`);
    expect((await refused(`"JWT ${token}"`)).caller).toBe(`${SENTENCE}JWT, not ".`);
  });

  test('contains nothing else from the header, because that could be a secret', async () => {
    const token = (await signed()).slice('JWT '.length);
    for (const value of [token, 'hunter2', 'hunter2 hunter3', 'Bearerhunter2', 'basic-hunter2'])
      expect(await refused(value)).toEqual({
        reason: 'missing',
        caller: `${SENTENCE}JWT.`,
        operator: `${SENTENCE}JWT.`,
      });
  });
});

test('the message for a token in quotes, or after a second scheme, says what to remove', async () => {
  const token = (await signed()).slice('JWT '.length);
  for (const value of [`"${token}"`, `'${token}'`, `Bearer ${token}`, `JWT ${token}`])
    expect(await refused(`JWT ${value}`)).toMatchObject({
      reason: 'malformed',
      caller: 'The token is not three base64url segments joined by dots; send the token alone, without quotes.',
    });
});

test('the message of binding_required names the members that the server and the route require', async () => {
  const options = { audience: 'https://here.example', require: ['target', 'aud'] as const };
  const sentence = 'The token is not bound as this server requires; sign it with bind: target, aud.';
  for (const bind of [[], ['target'], ['aud', 'htm']] as const)
    expect(await refused(await signed(bind), options)).toEqual({
      reason: 'binding_required',
      caller: sentence,
      operator: sentence,
    });
});

test('the message of wrong_audience tells the caller what to sign, and the operator the audience of the token', async () => {
  const caller = 'The token is for another audience; sign it for the origin of this server.';
  expect(await refused(await signed(['aud']))).toEqual({
    reason: 'wrong_audience',
    caller,
    operator:
      'The token is for another audience; if that is this server, add it to the option audience: https://here.example.',
  });
  const elsewhere = await createAuthorization({ username: 'guido', key, bind: { aud: 'a\nb' } });
  const { operator } = await refused(elsewhere, { audience: 'https://here.example' });
  expect(operator).toMatch(/audience: a\\u\{a\}b\.$/);
});
