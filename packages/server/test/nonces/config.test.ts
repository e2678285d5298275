import { describe, expect, test } from 'vitest';
import { readNonces } from '../../src/nonces/config.ts';

const read = (text: string) => readNonces(text, '--nonces');

test.each(['database', 'memory'])('%s is accepted', (kind) => expect(read(kind)).toEqual({ kind }));

describe('the URL of Redis', () => {
  test.each([
    ['redis://127.0.0.1', { mode: 'single', hosts: [{ host: '127.0.0.1', port: 6379 }], tls: false, db: 0 }],
    ['rediss://[::1]:7000/3', { mode: 'single', hosts: [{ host: '::1', port: 7000 }], tls: true, db: 3 }],
    ['redis://:p%40ss@h', { username: undefined, password: 'p@ss' }],
    ['redis://user:a:b@h', { username: 'user', password: 'a:b' }],
    [
      'redis+cluster://a:1,b:2,c',
      {
        mode: 'cluster',
        hosts: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
          { host: 'c', port: 6379 },
        ],
        master: undefined,
      },
    ],
    [
      'rediss+sentinel://a,b:2/my-master',
      {
        mode: 'sentinel',
        tls: true,
        master: 'my-master',
        hosts: [
          { host: 'a', port: 26_379 },
          { host: 'b', port: 2 },
        ],
      },
    ],
  ])('%s is accepted', (text, expected) => expect(read(text)).toMatchObject({ kind: 'redis', ...expected }));

  test('appears in the log without the password', () => {
    expect(read('rediss+sentinel://user:secret@a,b/m')).toMatchObject({ name: 'rediss+sentinel://a,b/m' });
    expect(read('redis://secret@h/2')).toMatchObject({ password: 'secret', name: 'redis://h/2' });
  });
});

test.each([
  'redis',
  'redis://',
  'redis://:secret@',
  'redis://secret@h:0',
  'redis://secret@h:65536',
  'redis://secret@h/x',
  'redis://secret@a,b',
  'redis://secret%@h',
  'redis+cluster://secret@h/1',
  'redis+sentinel://secret@h',
  'mysql://secret@h',
  '',
])('%j is refused in one line that names the option and contains no password', (text) => {
  expect(() => read(text)).toThrow(/^--nonces: (?!.*secret)[^\n]+$/);
});
