/** The passphrase of an encrypted key is read from a file descriptor or from a terminal. */
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { ajwt, finish, lacks, scratch, shell, startOnTerminal } from 'ajwt-testkit/ajwt';
import { beforeAll, describe, expect, test } from 'vitest';
import { PrivateKey } from '../../src/index.ts';

const file = scratch();
const PASSPHRASE = 'correct horse ж';
const AJWT_PASSPHRASE = PASSPHRASE;
let kid: string;

beforeAll(async () => {
  const key = await PrivateKey.generate();
  kid = key.kid;
  writeFileSync(file('plain'), key.toPem());
  writeFileSync(file('encrypted'), key.toPem(PASSPHRASE));
  writeFileSync(file('line'), `${PASSPHRASE}\nanother line\n`);
});

describe('--passphrase-fd', () => {
  const pubkey = (rest: string, env = {}) => shell(`ajwt pubkey ${file('encrypted')} --fingerprint ${rest}`, { env });

  test('reads one line, with or without a newline', async () => {
    for (const rest of [`3< ${file('line')} --passphrase-fd 3`, `--passphrase-fd 0 < <(printf '${PASSPHRASE}')`]) {
      expect(await pubkey(rest)).toMatchObject({ code: 0, stdout: expect.stringContaining(kid), stderr: '' });
    }
  });

  test('does not read beyond the end of the line', async () => {
    const line = `exec 3< ${file('line')}; ajwt token --user guido --key ${file('encrypted')} --passphrase-fd 3; cat <&3`;
    expect((await shell(line)).stdout).toMatch(/^JWT \S+\nanother line\n$/);
  });

  test('has priority over AJWT_PASSPHRASE, but is not used if the key is not encrypted', async () => {
    const wrong = await pubkey("--passphrase-fd 3 3< <(echo 'hunter2')", { AJWT_PASSPHRASE });
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringMatching(/it came from --passphrase-fd 3\n$/) });
    expect(wrong.stderr).not.toContain('hunter2');
    const line = `exec 3< ${file('line')}; ajwt pubkey ${file('plain')} --passphrase-fd 3 > ${file('out')}; cat <&3`;
    expect((await shell(line)).stdout).toBe(`${PASSPHRASE}\nanother line\n`);
  });

  test.each([
    ['77', ': cannot read file descriptor 77: EBADF'],
    ['3 3< <(echo)', ' 3: the line is empty'],
  ])('%s is refused', async (rest, message) => {
    const { code, stdout, stderr } = await pubkey(`--passphrase-fd ${rest}`);
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringContaining(`ajwt: --passphrase-fd${message}`)]);
  });

  test.each(['x', 'correct horse', '-1', '12345', ''])('%j is refused, and not repeated', async (number) => {
    const message = 'ajwt: --passphrase-fd: must be the number of an open file descriptor\n';
    const args = ['pubkey', file('encrypted'), `--passphrase-fd=${number}`];
    expect(await ajwt(args)).toMatchObject({ code: 1, stdout: '', stderr: message });
  });

  test.each([
    ['/dev/null', ' FD: the line is empty'],
    ['/dev/zero', ' FD: the line is longer than 1024 bytes'],
    ['.', ': cannot read file descriptor FD: EISDIR'],
  ])('%s is refused', async (path, message) => {
    const descriptor = openSync(path, 'r');
    const { code, stdout, stderr } = await ajwt(['pubkey', file('encrypted'), '--passphrase-fd', `${descriptor}`]);
    closeSync(descriptor);
    const expected = `ajwt: --passphrase-fd${message.replace('FD', String(descriptor))}\n`;
    expect([code, stdout, stderr]).toEqual([1, '', expected]);
  });
});

describe.skipIf(lacks('script', '--version'))('a command on a terminal (needs script)', () => {
  const QUESTION = 'Passphrase for ';

  /** Types an answer to each question, then checks the settings of the terminal. */
  async function typing(line: string, answers: readonly string[], env: Record<string, string> = {}) {
    const child = startOnTerminal(`${line}; echo "exit code $?"; stty -a`, { env });
    const printed = collect(child);
    const finished = finish(child);
    for (const [asked, answer] of answers.entries()) {
      await expect.poll(() => printed().split(QUESTION).length - 1, { timeout: 20_000 }).toBe(asked + 1);
      child.stdin?.write(answer);
    }
    await finished;
    expect(printed()).toMatch(/ echo /);
    expect(printed()).toMatch(/ icanon /);
    expect(printed()).toMatch(/(?<!-)\bisig\b/);
    return printed().slice(0, printed().indexOf('speed '));
  }

  function collect(child: ChildProcess): () => string {
    let printed = '';
    child.stdout?.on('data', (chunk) => {
      printed += chunk;
    });
    return () => printed;
  }

  const token = () => `ajwt token --user guido --key ${file('encrypted')} | cut -c 1-7`;

  test('asks for the passphrase, and does not show it', async () => {
    const printed = await typing(token(), [`${PASSPHRASE}\r`]);
    expect(printed).toBe(`${QUESTION}${file('encrypted')}: \nJWT eyJ\nexit code 0\n`);
  });

  test('asks for the passphrase even if it reads the key from standard input', async () => {
    const line = `ajwt pubkey - --openssh < ${file('encrypted')} | cut -d ' ' -f 1`;
    expect(await typing(line, [`${PASSPHRASE}\n`])).toBe(`${QUESTION}the key: \nssh-ed25519\nexit code 0\n`);
  });

  test('lets the user erase typed characters', async () => {
    expect(await typing(token(), [`wrong\u0015${PASSPHRASE}жx\u007f\b\r`])).toContain('JWT eyJ');
  });

  test('asks again after a wrong passphrase, at most twice', async () => {
    const right = await typing(token(), ['wrong\r', 'hunter2\r', `${PASSPHRASE}\r`]);
    expect(right).toContain('Wrong passphrase; try again.\n');
    expect(right).toContain('JWT eyJ');
    const line = `ajwt pubkey ${file('encrypted')}`;
    const wrong = await typing(line, ['wrong\r', 'hunter2\r', 'again\r']);
    expect(wrong).toMatch(/ajwt: the passphrase does not decrypt this private key.*\nexit code 1\n$/);
    expect(wrong.split(QUESTION)).toHaveLength(4);
    expect(right + wrong).not.toMatch(/wrong\b|hunter2|again\n.*again/);
  });

  test.each([
    ['an empty line', '\r'],
    ['Ctrl-D', '\u0004'],
  ])('does not ask again after %s', async (_key, typed) => {
    const printed = await typing(`ajwt pubkey ${file('encrypted')}`, [typed]);
    expect(printed).toContain('ajwt: this private key is encrypted; give its passphrase in AJWT_PASSPHRASE');
    expect(printed).toMatch(/exit code 1\n$/);
  });

  test('exits with code 130 after Ctrl-C', async () => {
    const printed = await typing(`ajwt pubkey ${file('encrypted')}`, ['secret\u0003']);
    expect(printed).toMatch(/: \n+exit code 130\n$/);
  });

  test('restores the terminal if another process ends it with a signal', async () => {
    const line = `sh -c 'echo $$ > ${file('pid')}; exec ajwt pubkey ${file('encrypted')}'; stty -a`;
    const child = startOnTerminal(line);
    const printed = collect(child);
    const finished = finish(child);
    await expect.poll(printed, { timeout: 20_000 }).toContain(QUESTION);
    process.kill(Number(readFileSync(file('pid'), 'utf8')), 'SIGTERM');
    await finished;
    expect(printed()).toMatch(/ icanon .* echo /s);
  });

  test('does not ask for a passphrase that is given or not needed', async () => {
    expect(await typing(token(), [], { AJWT_PASSPHRASE })).toBe('JWT eyJ\nexit code 0\n');
    const wrong = await typing(`ajwt pubkey ${file('encrypted')}`, [], { AJWT_PASSPHRASE: 'hunter2' });
    expect(wrong).toMatch(/it came from AJWT_PASSPHRASE\nexit code 1\n$/);
    expect(await typing(`ajwt pubkey ${file('plain')} --openssh | cut -d ' ' -f 1`, [])).toContain('ssh-ed25519\n');
  });
});
