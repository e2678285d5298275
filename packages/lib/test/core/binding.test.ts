/** The claims that restrict a token: audience, request, body, exp, nbf and iat (spec/PROTOCOL.md §5 and §1.3). */
import { createHash } from 'node:crypto';
import { freshNonce, NOW } from 'ajwt-testkit/frozen-server';
import { describe, expect, test } from 'vitest';
import { createToken } from '../../src/client/token.ts';
import {
  type AuthenticationRequest,
  type AuthenticatorOptions,
  type BindMember,
  BodyError,
  createAuthenticator,
  memoryKeyStore,
  memoryNonceStore,
  PrivateKey,
} from '../../src/index.ts';

const key = await PrivateKey.generate();
const sign = (claims: object) => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${part({ alg: 'EdDSA' })}.${part({ username: 'alice', time: NOW, nonce: freshNonce(), ...claims })}`;
  return `${input}.${Buffer.from(key.sign(Buffer.from(input))).toString('base64url')}`;
};

type Server = Partial<AuthenticatorOptions<string>> & { userRequires?: readonly BindMember[] };
type Request = Omit<AuthenticationRequest, 'authorization'>;
const POST: Request = { method: 'POST', target: '/v1/items?x=1' };

function serverOf({ userRequires = [], ...options }: Server = {}) {
  const keys = memoryKeyStore({ now: () => NOW });
  keys.setUser('alice', { user: 'alice', require: userRequires });
  keys.addKey('alice', key.publicKey);
  const nonces = memoryNonceStore({ tolerance: 600, now: () => NOW - 600 });
  const { authenticate } = createAuthenticator({ keys, nonces, now: () => NOW, ...options });
  return async (token: string, request: Request = POST) => {
    const result = await authenticate({ authorization: `JWT ${token}`, ...request });
    if (result.ok) return 'accepted';
    return result.detail === undefined ? result.reason : `${result.reason} ${result.detail}`;
  };
}
const US = { audience: 'https://api.example.com' };
const digestOf = (body: string) => createHash('sha256').update(body).digest('base64url');

describe('a token', () => {
  test.each<[what: string, claims: object, expected: string, server?: Server, request?: Request]>([
    ['without bind', {}, 'accepted'],
    ['that binds nothing', { bind: { v: 1 } }, 'accepted'],
    ['for this server', { bind: { v: 1, aud: 'https://api.example.com' } }, 'accepted', US],
    ['for one of the names of this server', { bind: { v: 1, aud: 'b' } }, 'accepted', { audience: ['a', 'b'] }],
    ['for another server', { bind: { v: 1, aud: 'https://other.example.com' } }, 'wrong_audience', US],
    [
      'for this server with a trailing slash',
      { bind: { v: 1, aud: 'https://api.example.com/' } },
      'wrong_audience',
      US,
    ],
    ['for this server in another case', { bind: { v: 1, aud: 'https://API.example.com' } }, 'wrong_audience', US],
    ['for a prefix of this name', { bind: { v: 1, aud: 'https://api.example' } }, 'wrong_audience', US],
    ['for a server without a name', { bind: { v: 1, aud: 'https://api.example.com' } }, 'wrong_audience'],
    ['for an empty audience', { bind: { v: 1, aud: '' } }, 'wrong_audience', US],
    ['with aud', { aud: 'https://api.example.com' }, 'accepted', US],
    ['with several auds, one of which is this server', { aud: ['x', 'https://api.example.com'] }, 'accepted', US],
    ['with another aud', { aud: 'x' }, 'wrong_audience', US],
    ['with other auds', { aud: ['x', 'y'] }, 'wrong_audience', US],
    ['with an empty aud', { aud: '' }, 'wrong_audience', US],
    ['with aud []', { aud: [] }, 'wrong_audience', US],
    ['with aud, if the server has no name', { aud: 'x' }, 'wrong_audience'],
    ['with the right aud and a wrong bind.aud', { aud: US.audience, bind: { v: 1, aud: 'x' } }, 'wrong_audience', US],
    ['with the right bind.aud and a wrong aud', { aud: 'x', bind: { v: 1, aud: US.audience } }, 'wrong_audience', US],
    ['for this method', { bind: { v: 1, htm: 'POST' } }, 'accepted'],
    ['for another method', { bind: { v: 1, htm: 'GET' } }, 'binding_mismatch'],
    ['for this method in another case', { bind: { v: 1, htm: 'post' } }, 'binding_mismatch'],
    [
      'for a method, if the method of the request is unknown',
      { bind: { v: 1, htm: 'POST' } },
      'binding_mismatch',
      {},
      { target: '/' },
    ],
    ['for this target', { bind: { v: 1, target: '/v1/items?x=1' } }, 'accepted'],
    ['for another path', { bind: { v: 1, target: '/v1/item?x=1' } }, 'binding_mismatch'],
    ['for another query', { bind: { v: 1, target: '/v1/items?x=2' } }, 'binding_mismatch'],
    ['for this path without its query', { bind: { v: 1, target: '/v1/items' } }, 'binding_mismatch'],
    ['for this target in another spelling', { bind: { v: 1, target: '/v1/%69tems?x=1' } }, 'binding_mismatch'],
    [
      'for a target without a query, if the request has a query',
      { bind: { v: 1, target: '/x' } },
      'binding_mismatch',
      {},
      { target: '/x?y' },
    ],
    [
      'for this path, received with an empty query',
      { bind: { v: 1, target: '/x' } },
      'accepted',
      {},
      { target: '/x?' },
    ],
    ['for this path with an empty query', { bind: { v: 1, target: '/x?' } }, 'accepted', {}, { target: '/x' }],
    ['for this path with a fragment', { bind: { v: 1, target: '/x?#y' } }, 'accepted', {}, { target: '/x' }],
    ['for this path and fragment', { bind: { v: 1, target: '/x#y' } }, 'accepted', {}, { target: '/x#y' }],
    [
      'for this path, received with two question marks',
      { bind: { v: 1, target: '/x?' } },
      'binding_mismatch',
      {},
      { target: '/x??' },
    ],
    [
      'for this query, received with a trailing question mark',
      { bind: { v: 1, target: '/x?a' } },
      'binding_mismatch',
      {},
      { target: '/x?a?' },
    ],
    // An application that does not support fragments would treat the rest as part of the path.
    ['without the received fragment', { bind: { v: 1, target: '/x' } }, 'binding_mismatch', {}, { target: '/x#/../y' }],
    ['with another fragment', { bind: { v: 1, target: '/x#y' } }, 'binding_mismatch', {}, { target: '/x#z' }],
    ['for only a fragment', { bind: { v: 1, target: '#' } }, 'binding_mismatch', {}, { target: '' }],
    ['for only an empty query', { bind: { v: 1, target: '?' } }, 'binding_mismatch', {}, { target: '?' }],
    [
      'for a target, if the target of the request is unknown',
      { bind: { v: 1, target: '/' } },
      'binding_mismatch',
      {},
      { method: 'POST' },
    ],
    ['for *', { bind: { v: 1, target: '*' } }, 'accepted', {}, { method: 'OPTIONS', target: '*' }],
    ['for the absolute form', { bind: { v: 1, target: 'http://a/' } }, 'binding_mismatch', {}, { target: 'http://a/' }],
    ['for the authority form', { bind: { v: 1, target: 'a:443' } }, 'binding_mismatch', {}, { target: 'a:443' }],
    ['for an empty target', { bind: { v: 1, target: '' } }, 'binding_mismatch', {}, { target: '' }],
    ['for *x', { bind: { v: 1, target: '*x' } }, 'binding_mismatch', {}, { target: '*x' }],
    ['with an empty method', { bind: { v: 1, htm: '' } }, 'binding_mismatch'],
  ])('%s (%j): %s', async (_what, claims, expected, server, request) => {
    expect(await serverOf(server)(sign(claims), request)).toBe(expected);
  });

  // biome-ignore format: a table
  const MALFORMED_BINDS: readonly unknown[] = [
    null, 'text', 1, [], [{ v: 1 }], {}, { v: 2 }, { v: '1' }, { v: 1.5 }, { v: null }, { v: [1] }, { v: true },
    { v: 1, aud: ['us'] }, { v: 1, aud: null }, { v: 1, htm: 5 }, { v: 1, target: {} }, { v: 1, digest: null },
    { v: 1, ath: 'x' }, { v: 1, constructor: 'x' }, { v: 1, AUD: 'us' }, { v: 1, '': '' }, JSON.parse('{"v":1,"__proto__":"x"}'),
  ];

  test.each(MALFORMED_BINDS.map((bind) => [bind]))('with the bind %j is malformed', async (bind) => {
    expect(await serverOf(US)(sign({ bind }))).toBe('malformed bind');
  });

  test('made with sendAudClaim names its audience twice, and the server checks both', async () => {
    const token = (aud: string) =>
      createToken({ username: 'alice', key, bind: { aud }, sendAudClaim: true, now: () => NOW });
    expect(await serverOf(US)(await token(US.audience))).toBe('accepted');
    expect(await serverOf(US)(await token('https://other.example.com'))).toBe('wrong_audience');
    expect(await serverOf()(await token(US.audience))).toBe('wrong_audience');
  });
});

describe('the members of bind that must be present', () => {
  const whole = { v: 1, aud: US.audience, htm: 'POST', target: '/v1/items?x=1', digest: digestOf('body') };
  const request: Request = { ...POST, bodyDigest: () => digestOf('body') };
  const MEMBERS = ['aud', 'htm', 'target', 'digest'] as const;

  describe.each(['the server', 'the route', 'the user'])('because %s requires them:', (who) => {
    const send = (require: readonly BindMember[], claims: object) =>
      serverOf({
        ...US,
        ...(who === 'the server' && { require }),
        ...(who === 'the user' && { userRequires: require }),
      })(sign(claims), { ...request, ...(who === 'the route' && { require }) });

    test.each(MEMBERS)('%s', async (member) => {
      const { [member]: _, ...others } = whole;
      expect(await send([member], { bind: whole })).toBe('accepted');
      expect(await send([member], { bind: { v: 1, [member]: whole[member] } })).toBe('accepted');
      expect(await send([member], { bind: others })).toBe('binding_required');
      expect(await send([member], {})).toBe('binding_required');
    });

    test('several members', async () => {
      expect(await send(MEMBERS, { bind: whole })).toBe('accepted');
      for (const member of MEMBERS) {
        const { [member]: _, ...others } = whole;
        expect(await send(MEMBERS, { bind: others }), member).toBe('binding_required');
      }
    });

    test('include bind.aud, which the registered claim aud cannot replace', async () => {
      expect(await send(['aud'], { aud: US.audience })).toBe('binding_required');
      expect(await send(['aud'], { aud: US.audience, bind: { v: 1, htm: 'POST' } })).toBe('binding_required');
    });
  });

  test('are all members that the server, the route or the user requires', async () => {
    const send = serverOf({ require: ['htm'], userRequires: ['target'] });
    const on = (bind: object) => send(sign({ bind: { v: 1, ...bind } }), { ...request, require: ['digest'] });
    const { htm, target, digest } = whole;
    expect(await on({ htm, target, digest })).toBe('accepted');
    for (const bind of [
      { htm, target },
      { htm, digest },
      { target, digest },
    ])
      expect(await on(bind)).toBe('binding_required');
  });
});

describe('externalTarget', () => {
  const send = serverOf({ externalTarget: (raw) => `/api${raw}` });
  test.each([
    ['the target that callers see', '/api/v1', '/v1', 'accepted'],
    ['the raw target', '/v1', '/v1', 'binding_mismatch'],
    ['a target in absolute form, which is not mapped', '/apihttp://a/', 'http://a/', 'binding_mismatch'],
  ])('maps the raw target: %s', async (_what, target, raw, expected) => {
    expect(await send(sign({ bind: { v: 1, target } }), { target: raw })).toBe(expected);
  });

  test('makes the request unavailable if it throws', async () => {
    const broken = serverOf({
      externalTarget: () => {
        throw new Error('no such mapping');
      },
    });
    expect(await broken(sign({ bind: { v: 1, target: '/' } }), { target: '/' })).toBe('unavailable');
    expect(await broken(sign({}), { target: '/' })).toBe('accepted');
  });
});

describe('the digest of the body', () => {
  test.each<[what: string, bodyDigest: Request['bodyDigest'], expected: string, after: string]>([
    ['of the received body', () => digestOf('body'), 'accepted', 'replayed'],
    ['of the received body, as a promise', async () => digestOf('body'), 'accepted', 'replayed'],
    ['of another body', () => digestOf('another'), 'binding_mismatch', 'replayed'],
    ['of another body, in padded base64', () => `${digestOf('body')}=`, 'binding_mismatch', 'replayed'],
    ['of a body that was aborted', () => Promise.reject(new Error('aborted')), 'unavailable', 'replayed'],
    [
      'of a body that is too large',
      () => Promise.reject(new BodyError('body_too_large')),
      'body_too_large',
      'replayed',
    ],
    ['that cannot be computed: the token stays unused', undefined, 'binding_mismatch', 'accepted'],
  ])('%s', async (_what, bodyDigest, expected, after) => {
    const send = serverOf();
    const token = sign({ bind: { v: 1, digest: digestOf('body') } });
    expect(await send(token, { ...POST, bodyDigest })).toBe(expected);
    expect(await send(token, { ...POST, bodyDigest: () => digestOf('body') })).toBe(after);
  });

  test('is computed only after the nonce is claimed, and only if the token is bound to a digest', async () => {
    let asked = 0;
    const request: Request = {
      ...POST,
      bodyDigest: () => {
        asked += 1;
        return digestOf('body');
      },
    };
    const send = serverOf();
    const token = sign({ bind: { v: 1, digest: digestOf('body') } });
    await send(sign({}), request);
    await send(sign({ bind: { v: 1, htm: 'GET', digest: digestOf('body') } }), request);
    expect(asked).toBe(0);
    await send(token, request);
    expect(asked).toBe(1);
    await send(token, request);
    expect(asked, 'a replay').toBe(1);
  });
});

describe('exp, nbf and iat', () => {
  const step = 2 ** -10;
  // biome-ignore format: a table
  const EDGES = [
    ['exp', NOW + 60, 'accepted'], ['exp', NOW, 'accepted'], ['exp', NOW - 20 + step, 'accepted'], ['exp', NOW - 20, 'expired'],
    ['exp', NOW - 20 - step, 'expired'], ['exp', 0, 'expired'], ['exp', -1, 'expired'], ['exp', 1e300, 'accepted'],
    ['nbf', NOW - 60, 'accepted'], ['nbf', NOW + 20, 'accepted'], ['nbf', NOW + 20 + step, 'from_the_future'], ['nbf', -1, 'accepted'],
    ['iat', NOW - 6000, 'accepted'], ['iat', NOW + 20, 'accepted'], ['iat', NOW + 20 + step, 'from_the_future'],
    ['time', NOW - 20, 'accepted'], ['time', NOW - 20 - step, 'stale'], ['time', NOW + 20, 'accepted'], ['time', NOW + 20 + step, 'from_the_future'],
  ] as const;

  test.each(EDGES)('%s of %d: %s', async (name, seconds, expected) => {
    expect(await serverOf()(sign({ [name]: seconds }))).toBe(expected);
  });

  test.each([1, 0.5 + 60, 600])('are checked with a tolerance of %d s', async (tolerance) => {
    const send = serverOf({ tolerance });
    expect(
      await send(
        sign({ time: NOW - tolerance, exp: NOW - tolerance + step, nbf: NOW + tolerance, iat: NOW + tolerance }),
      ),
    ).toBe('accepted');
    expect(await send(sign({ time: NOW - tolerance - step }))).toBe('stale');
    expect(await send(sign({ time: NOW + tolerance + step }))).toBe('from_the_future');
    expect(await send(sign({ exp: NOW - tolerance }))).toBe('expired');
    expect(await send(sign({ nbf: NOW + tolerance + step }))).toBe('from_the_future');
  });

  test.each(['exp', 'nbf', 'iat'])('%s is a finite number or absent', async (name) => {
    for (const value of [null, '1', `${NOW}`, true, [], [NOW], {}, '']) {
      expect(await serverOf()(sign({ [name]: value })), JSON.stringify(value)).toBe('malformed registered_claim');
    }
  });

  test.each([5, null, true, {}, [5], [['https://api.example.com']], ['https://api.example.com', null]])(
    'aud is a string or an array of strings: %j',
    async (aud) => {
      expect(await serverOf(US)(sign({ aud }))).toBe('malformed registered_claim');
    },
  );
});
