/** The configuration file: what it may contain, and what is refused with line and column. */
import { chmodSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { scratch } from 'ajwt-testkit/scratch';
import { describe, expect, test } from 'vitest';
import { ConfigFileError, readMembers } from '../../src/configuration/file.ts';
import { SERVE_OPTIONS } from '../../src/serve-options.ts';

const path = scratch();
let count = 0;

function fileWith(content: string | Uint8Array): string {
  const file = path(`${count++}.yaml`);
  writeFileSync(file, content, { mode: 0o600 });
  return file;
}

const read = (file: string) => readMembers(file, SERVE_OPTIONS);
const valuesIn = async (content: string) =>
  Object.fromEntries([...(await read(fileWith(content)))].map(([name, { value }]) => [name, value]));

/** Returns the mistakes without the name of the file. */
async function problemsIn(content: string | Uint8Array): Promise<readonly string[]> {
  const file = fileWith(content);
  const error = await read(file).then(
    () => expect.unreachable('the file was accepted'),
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(ConfigFileError);
  return (error as ConfigFileError).problems.map((line) => line.replace(`${file}:`, ''));
}

describe('a file can be', () => {
  test('YAML, with numbers and lists', async () => {
    const content =
      'listen: :80 # everywhere\ntolerance: 7.5\naudience:\n  - a\n  - b\nrequire: [aud, htm]\nworkers: 2\n';
    expect(await valuesIn(content)).toEqual({
      ...{ listen: ':80', tolerance: '7.5', audience: ['a', 'b'], require: ['aud', 'htm'], workers: '2' },
    });
  });

  test('JSON, indented with spaces or tabs, with escapes and a $schema', async () => {
    const content = { $schema: './config.schema.json', listen: ':80', audience: ['\u00e4\u{1f600}'], tolerance: 20 };
    const expected = { listen: ':80', audience: ['\u00e4\u{1f600}'], tolerance: '20' };
    for (const indent of ['', '  ', '\t'])
      expect(await valuesIn(JSON.stringify(content, null, indent))).toEqual(expected);
    expect(await valuesIn('{"audience": "\\u00e4\\ud83d\\ude00"}')).toEqual({ audience: '\u00e4\u{1f600}' });
  });

  test('with a byte order mark, Windows line breaks and the marks of a document', async () => {
    expect(await valuesIn('\ufeff---\r\nlisten: :80\r\n...\r\n')).toEqual({ listen: ':80' });
  });

  test('{}, if all defaults are intended', async () => expect(await valuesIn('{}')).toEqual({}));
});

test('off, no, yes and dates are strings', async () => {
  expect(await valuesIn('admin-listen: off\nupstream: no\nlisten: yes\naudience: 2026-01-01')).toEqual({
    ...{ 'admin-listen': 'off', upstream: 'no', listen: 'yes', audience: '2026-01-01' },
  });
});

test('a value has the position of its text, and a list that of its name', async () => {
  const file = fileWith('\nlisten:   :80\naudience: [a]\n');
  const members = await read(file);
  expect(members.get('listen')?.at).toBe(`${file}:2:11`);
  expect(members.get('audience')?.at).toBe(`${file}:3:1`);
});

describe('a mistake is reported with line, column and what to do:', () => {
  test.each([
    ['tolerence: 3', '1:1: unknown member tolerence; did you mean tolerance?'],
    ['# x\nadminListen: off', '2:1: unknown member adminListen; did you mean admin-listen?'],
    ['admin_listen: off', '1:1: unknown member admin_listen; did you mean admin-listen?'],
    ['config: x', '1:1: unknown member config; known members: listen, admin-listen, '],
    ['__proto__: x', '1:1: unknown member __proto__; known members: '],
    ['constructor: x', '1:1: unknown member constructor; known members: '],
    ['toString: x', '1:1: unknown member toString; known members: '],
    ['"s3cret pass:": x', '1:1: unknown member; known members: '],
    ['listen: a\nlisten: b', '2:1: this member is given twice'],
    ['{"listen": "a", "list\\u0065n": "b"}', '1:17: this member is given twice'],
    ['listen:', '1:8: listen: has no value; give it one, or remove the line'],
    ['listen: ~', '1:9: listen: has no value; give it one, or remove the line'],
    ['listen: ""', '1:9: listen: must be a string, and not empty'],
    ['listen: 8787', '1:9: listen: must be a string, and not empty'],
    ['user-header: true', '1:14: user-header: must be a string, and not empty'],
    ['listen: [a]', '1:10: listen: must be a string, and not empty'],
    ['tolerance: "20"', '1:12: tolerance: must be a number from 1 to 600'],
    ['tolerance: 601', '1:12: tolerance: must be a number from 1 to 600'],
    ['workers: 1.5', '1:10: workers: must be a whole number from 1 to 128'],
    ['workers: 99999999999999999999', '1:10: workers: must be a whole number from 1 to 128'],
    ['workers: 1_000', '1:10: workers: must be a whole number from 1 to 128'],
    ['log-level: trace', '1:12: log-level: must be one of debug, info, warn, error'],
    ['audience: [a, 3]', '1:15: audience: must be a string or a list of strings; a string must not be empty'],
    ['audience: [a, ""]', '1:15: audience: must be a string or a list of strings; a string must not be empty'],
    ['require: [aud, body]', '1:16: require: must be a list of aud, htm, target, digest, or none'],
    ['require: aud,htm', '1:10: require: must be a list of aud, htm, target, digest, or none'],
    ['listen: {a: b}', '1:1: the value must be one value or a list of values'],
    ['audience: [[a]]', '1:1: the value must be one value or a list of values'],
    ['- listen', '1:1: the file must consist of members'],
    ['listen', '1:1: the file must consist of members'],
    ['5: a', '1:1: unknown member 5; '],
    ['? [a]\n: b', '1:3: the name of a member must be a string'],
    ['audience: "a\\nb"', '1:11: audience: must not contain line breaks or other control characters'],
    ['audience: |\n  a', '1:11: audience: must not contain line breaks or other control characters'],
    ['audience: a\u0007', '1:11: audience: must not contain line breaks or other control characters'],
    ['{"audience": "\\ud83d"}', '1:14: audience: must not contain line breaks or other control characters'],
  ])('%j', async (content, expected) => {
    const [first, ...others] = await problemsIn(content);
    expect(first).toContain(expected);
    expect(others).toEqual([]);
  });

  test.each(['0777', '0o17', '0x14', '1e1', '+5', '.5', '5.', '.inf', '.nan', '-0x1'])(
    'a number as %s',
    async (number) => {
      expect((await problemsIn(`max-waiting: ${number}`))[0]).toMatch(
        /^1:14: max-waiting: must be a (?:number in decimal digits, without a leading zero|whole number)/,
      );
    },
  );

  test('all of them, in the order of the file', async () => {
    const lines = 'tolerence: 3\ntolerance: 0777\nlisten: &a b\nlog-level: x\n';
    expect((await problemsIn(lines)).map((line) => line.slice(0, 4))).toEqual(['1:1:', '2:12', '3:12', '4:12']);
  });
});

describe('a feature of YAML that makes a file ambiguous or large is refused:', () => {
  test.each([
    ['listen: a\n---\nlisten: b', /^2:1: a second document begins here/],
    ['%YAML 1.1\n---\nadmin-listen: off', /^1:1: directives are not supported/],
    ['%FOO\n---\nlisten: a', /^1:1: directives are not supported/],
    ['listen: &a x', /^1:12: anchors are not supported/],
    ['listen: *a', /^1:9: aliases are not supported/],
    ['a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]', /^1:1: unknown member a/],
    ['<<: {listen: a}', /^1:1: the value must be one value/],
    ['listen: !!str 5', /: tags are not supported/],
    ['listen: !foo 5', /^1:9: tags are not supported/],
    ['listen: !!binary aGk=', /: tags are not supported/],
    ['!!map {listen: a}', /: tags are not supported/],
    ['!!set {listen}', /: tags are not supported/],
    ['audience: !!seq [a]', /: tags are not supported/],
    ['listen:\n\t- a', /^2:1: indent with spaces, not tabs/],
  ])('%j', async (content, expected) => expect((await problemsIn(content))[0]).toMatch(expected));
});

test('a file that another program is about to write, or has cut off, is refused instead of being read as defaults', async () => {
  for (const content of ['', '\n', '# require: [aud]\n', '---\n', '~']) {
    expect((await problemsIn(content))[0]).toMatch(/^1:1: the file is empty; write at least one member, or \{\}/);
  }
});

test.each(['[', '{a: ', '- ', '? ', '"', '&a ', '!', '[*a,', 'a:\n ', '\t'])(
  'tens of thousands of %j are refused within a second',
  async (piece) => {
    const before = performance.now();
    const problems = await problemsIn(piece.repeat(Math.floor(65_000 / piece.length)));
    expect(problems.length).toBeLessThanOrEqual(20);
    expect(performance.now() - before).toBeLessThan(5000);
  },
);

test('no message repeats a value, which may be a password', async () => {
  const lines = [
    'database: postgres://u:s3cret: x@h',
    'database: *s3cret',
    'database: &s3cret',
    'database: @s3cret',
    'database: "s3cret',
    'database: "\\s3cret"',
    'database: [s3cret',
    'database: !s3cret x',
    'nonces: redis://s3cret@h\n\ts3cret',
    's3cret:s3cret',
    '%s3cret',
    'redis://:s3cret@h: x',
  ];
  for (const line of lines) expect((await problemsIn(line)).join('\n'), line).not.toContain('s3cret');
});

describe('the file itself is refused', () => {
  const refused = (file: string) => expect(read(file)).rejects;

  test('if it does not exist', () =>
    refused(path('none')).toThrow(/^cannot use the configuration file: \S+ does not exist$/));
  test('if it is not UTF-8', () => refused(fileWith(Buffer.from('audience: \xe4', 'latin1'))).toThrow(/is not UTF-8$/));
  test('if it is UTF-16', () =>
    refused(fileWith(Buffer.from('\ufefflisten: a', 'utf16le'))).toThrow(/saved as UTF-16/));
  test('if it is a folder', () => refused(path('.')).toThrow(/is not a regular file$/));

  test('if it is larger than 64 kB, without reading 100 MB', async () => {
    await refused(fileWith(`listen: ${'a'.repeat(65_536)}`)).toThrow(/is larger than 65536 bytes$/);
    const large = fileWith('');
    truncateSync(large, 100_000_000);
    await refused(large).toThrow(/is larger than \d+ bytes$/);
  });

  test.skipIf(process.getuid === undefined)('if others can write to it, or replace it', async () => {
    const file = fileWith('listen: a');
    for (const mode of [0o620, 0o602]) {
      chmodSync(file, mode);
      await refused(file).toThrow(/can be written by others; `chmod go-w` it$/);
    }
    symlinkSync('/etc/hostname', path('link'));
    await refused(path('link')).toThrow(/is a link that leads out of/);
  });
});
