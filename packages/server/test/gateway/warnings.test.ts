import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { oldKeyWarnings } from '../../src/gateway/warnings.ts';

function makeLog() {
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const clock = { now: 0 };
  return { lines, clock, tell: oldKeyWarnings(pino(stream), () => clock.now) };
}

test('the use of a revoked, retired or expired key is logged at most once a minute for each user and key', () => {
  const { lines, clock, tell } = makeLog();
  const revoked = { reason: 'key_revoked', username: 'guido', kid: 'a' } as const;
  tell(revoked);
  tell(revoked);
  tell({ ...revoked, username: 'ada' });
  tell({ ...revoked, reason: 'key_expired', kid: 'b' });
  tell({ ...revoked, reason: 'key_retired', kid: 'c' });
  clock.now = 60_000;
  tell(revoked);
  expect(lines.map(({ username, kid }) => [username, kid])).toEqual([
    ['guido', 'a'],
    ['ada', 'a'],
    ['guido', 'b'],
    ['guido', 'c'],
    ['guido', 'a'],
  ]);
});

test('other refusals cause no warning, and at most a thousand keys cause warnings within a minute', () => {
  const { lines, tell } = makeLog();
  tell({ reason: 'bad_signature', username: 'guido', kid: 'a' });
  tell({ reason: 'key_revoked', username: 'guido' });
  expect(lines).toEqual([]);
  for (let index = 0; index < 1500; index++) tell({ reason: 'key_revoked', username: 'guido', kid: String(index) });
  expect(lines).toHaveLength(1000);
});
