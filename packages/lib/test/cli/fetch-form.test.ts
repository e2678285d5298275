/** `ajwt fetch -F`: sends the same forms as curl. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { ajwt, type InProcessOptions, lacks, scratch, shell } from 'ajwt-testkit/ajwt';
import { type FetchServer, startServer } from 'ajwt-testkit/fetch-server';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { PrivateKey } from '../../src/index.ts';

const file = scratch();
let server: FetchServer;
const env = { AJWT_USER: 'guido', AJWT_KEY: file('key') };

beforeAll(async () => {
  const key = await PrivateKey.generate();
  writeFileSync(file('key'), key.toPem());
  writeFileSync(file('note.txt'), 'a note\r\nof two lines');
  writeFileSync(file('image.PNG'), randomBytes(1000));
  writeFileSync(file('empty'), '');
  writeFileSync(file('Ж "odd";name'), 'odd');
  server = await startServer(key.publicKey);
});
beforeEach(() => {
  server.seen.length = 0;
});
afterAll(() => {
  server.server.close();
});

const post = (fields: readonly string[], options: InProcessOptions = {}) =>
  ajwt(['fetch', ...fields.flatMap((field) => ['-F', field]), `${server.url}/x`], { env, ...options });

/** Returns the form that the server received. */
function received() {
  const { headers, body } = server.seen[0] ?? { headers: {}, body: Buffer.alloc(0) };
  const type = headers['content-type'] ?? '';
  return new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
}

describe('a form', () => {
  test('has text fields', async () => {
    expect(await post(['a=1', 'b=x=y&z', 'a=2', 'ж=ü', 'none='])).toMatchObject({ code: 0, stderr: '' });
    expect(server.seen[0]).toMatchObject({ method: 'POST' });
    expect([...(await received())]).toEqual([
      ['a', '1'],
      ['b', 'x=y&z'],
      ['a', '2'],
      ['ж', 'ü'],
      ['none', ''],
    ]);
  });

  test('has files, with type and name', async () => {
    await post([`one=@${file('note.txt')}`, `two=@${file('image.PNG')};type=text/x;q=1;filename="a;b\\".c"`]);
    const form = await received();
    const files = ['one', 'two'].map((name) => form.get(name) as File);
    expect(files.map(({ name, type }) => [name, type])).toEqual([
      ['note.txt', 'text/plain'],
      ['a;b".c', 'text/x;q=1'],
    ]);
    expect(await files[0]?.text()).toBe('a note\r\nof two lines');
    expect(Number(server.seen[0]?.headers['content-length'])).toBe(server.seen[0]?.body.length);
  });

  test('streams large files', async () => {
    const bytes = randomBytes(24 * 2 ** 20);
    writeFileSync(file('large'), bytes);
    expect(await post(['a=1', `big=@${file('large')}`, 'z=2'])).toMatchObject({ code: 0, stderr: '' });
    const form = await received();
    expect(Buffer.from(await (form.get('big') as File).arrayBuffer()).equals(bytes)).toBe(true);
    expect([form.get('a'), form.get('z')]).toEqual(['1', '2']);
    expect(Number(server.seen[0]?.headers['content-length'])).toBe(server.seen[0]?.body.length);
  });

  test('streams standard input and pipes, without a content length', async () => {
    await post(['in=@-;filename=x', 'text=</dev/null'], { input: 'from a pipe' });
    expect(server.seen[0]?.headers['transfer-encoding']).toBe('chunked');
    expect(await ((await received()).get('in') as File).text()).toBe('from a pipe');
    server.seen.length = 0;
    await shell(`ajwt fetch -F a=@<(echo piped) ${server.url}/x`, { env });
    expect(await ((await received()).get('a') as File).text()).toBe('piped\n');
  });

  test.skipIf(lacks('curl', '--version'))('has the same bytes as in curl, except for the boundary', async () => {
    const fields = [
      'a=1',
      'with "quotes"=x',
      'typed={"a":1};type=application/json',
      `file=@${file('note.txt')}`,
      `image=@${file('image.PNG')}`,
      `empty=@${file('empty')}`,
      `named=@${file('note.txt')};type=text/html;filename=ж.html`,
      `text=<${file('note.txt')}`,
      `odd=@"${file('Ж "odd";name').replaceAll('"', '\\"')}"`,
    ];
    expect(await post(fields)).toMatchObject({ code: 0 });
    const words = fields.map((field) => `-F '${field}'`).join(' ');
    const { code } = await shell(`curl -sS -H "Authorization: $(ajwt token)" -H Expect: ${words} ${server.url}/x`, {
      env,
    });
    expect(code).toBe(0);
    const [ours, curls] = server.seen.map(({ headers, body }) => {
      const boundary = /boundary=(.+)$/.exec(headers['content-type'] ?? '')?.[1] ?? 'none';
      return body.toString('latin1').replaceAll(boundary, 'BOUNDARY');
    });
    expect(ours).toBe(curls);
  });
});
