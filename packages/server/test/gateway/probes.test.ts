/** How the server recognizes requests of `ajwtd doctor`. */
import type { IncomingMessage } from 'node:http';
import { beforeEach, describe, expect, test } from 'vitest';
import { Probes } from '../../src/gateway/probes.ts';

const ID = 'A'.repeat(22);
const idOf = (index: number) => String(index).padStart(22, '_');
const described = { method: 'GET', target: '/' };
let time = 0;
let probes: Probes;
beforeEach(() => {
  time = 0;
  probes = new Probes(() => time);
});

/** Shows a request to the probes. */
function see(authorization: string, ...more: readonly string[]): void {
  const rawHeaders = ['Host', 'api', 'Authorization', authorization, ...more];
  const socket = { remoteAddress: '::ffff:10.0.0.1' };
  const request = { method: 'GET', url: '/.ajwt/auth', rawHeaders, headers: { authorization }, socket };
  probes.see(request as unknown as IncomingMessage, { described, client: undefined }, () => true);
}

test('a request with a known id is remembered, without the values of headers that may be secret', () => {
  probes.add(ID);
  see(`JWT ajwtd-probe.${ID}`, 'Cookie', 'session=1', 'X-Forwarded-For', '192.0.2.1', 'X-Internal-Key', 'hunter2');
  expect(probes.find(ID)).toEqual([
    {
      ...{ method: 'GET', target: '/.ajwt/auth', described, peer: '10.0.0.1', isTrusted: true, client: undefined },
      headers: [
        ['host', 'api'],
        ['authorization', null],
        ['cookie', null],
        ['x-forwarded-for', '192.0.2.1'],
        ['x-internal-key', null],
      ],
    },
  ]);
});

test.each([
  '',
  'JWT',
  `JWT ${ID}`,
  `JWT ajwtd-probe.${'B'.repeat(22)}`,
  `JWT ajwtd-probe.${ID}.`,
  'JWT ajwtd-probe.__proto__',
])('a request with %j is not', (authorization) => {
  probes.add(ID);
  see(authorization);
  expect(probes.find(ID)).toEqual([]);
});

describe('what is remembered is bounded', () => {
  test('in time', () => {
    probes.add(ID);
    see(`JWT ajwtd-probe.${ID}`);
    time = 29_999;
    expect(probes.find(ID)).toHaveLength(1);
    time = 30_000;
    expect(probes.find(ID)).toEqual([]);
    see(`JWT ajwtd-probe.${ID}`);
    expect(probes.find(ID)).toEqual([]);
  });

  test('in size', () => {
    for (let index = 0; index < 17; index++) probes.add(idOf(index));
    for (let index = 0; index < 17; index++) see(`JWT ajwtd-probe.${idOf(index)}`);
    expect(probes.find(idOf(0))).toEqual([]);
    expect(probes.find(idOf(1))).toHaveLength(1);
    for (let count = 0; count < 20; count++) see(`JWT ajwtd-probe.${idOf(2)}`);
    expect(probes.find(idOf(2))).toHaveLength(8);
    const headers = Array.from({ length: 300 }, () => ['X-Forwarded-For', 'x'.repeat(1000)]).flat();
    see(`JWT ajwtd-probe.${idOf(3)}`, ...headers);
    const [, seen] = probes.find(idOf(3));
    expect(seen?.headers).toHaveLength(100);
    expect(seen?.headers[99]?.[1]).toHaveLength(500);
  });
});
