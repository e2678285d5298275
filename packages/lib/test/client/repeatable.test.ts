import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { isRepeatable } from '../../src/client/repeatable.ts';

test.each<readonly [string, unknown]>([
  ['no body', undefined],
  ['null', null],
  ['an empty string', ''],
  ['a string', 'a'],
  ['a Buffer', Buffer.from('a')],
  ['a DataView', new DataView(new ArrayBuffer(1))],
  ['an ArrayBuffer', new ArrayBuffer(1)],
  ['a Blob', new Blob(['a'])],
  ['a FormData', new FormData()],
  ['a URLSearchParams', new URLSearchParams('a=b')],
])('isRepeatable: %s can be sent twice', (_, body) => {
  expect(isRepeatable(body)).toBe(true);
});

test.each<readonly [string, () => unknown]>([
  ['a ReadableStream', () => new Response('a').body],
  ['a Node stream', () => Readable.from(['a'])],
  ['a file stream', () => createReadStream(import.meta.filename)],
  [
    'a generator',
    function* () {
      yield 'a';
    },
  ],
])('isRepeatable: %s can be sent only once', (_, make) => {
  expect(isRepeatable(make())).toBe(false);
});
