/** Completion with the Tab key in real shells: in bash and zsh on a terminal, in fish with its command `complete`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import type { CommandEntry } from 'ajwt-cli-kit/command';
import { completionLines } from 'ajwt-cli-kit/completion/candidates';
import { ajwt, finish, lacks, scratch, shell, startOnTerminal } from 'ajwt-testkit/ajwt';
import { ajwtd } from 'ajwt-testkit/ajwtd';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMANDS as COMMAND_TABLE } from '../../src/cli/commands.ts';

const file = scratch();
const folder = file('here');

beforeAll(() => {
  mkdirSync(`${folder}/inner`, { recursive: true });
  for (const name of ['key', 'key.pub', 'notes.txt', 'two words', 'inner/note']) writeFileSync(`${folder}/${name}`, '');
});

const COMMANDS = ['keygen', 'token', 'fetch', 'explain', 'pubkey', 'completion', 'help'];

/** Typed lines, and the words that complete them. */
const CASES: readonly (readonly [string, readonly string[]])[] = [
  ['ajwt fe', ['fetch']],
  ['ajwt --v', ['--version']],
  ['ajwt help pub', ['pubkey']],
  ['ajwt help keygen ', []],
  ['ajwt keygen --c', ['--comment', '--curve']],
  ['ajwt keygen --type ', ['ec', 'ed25519', 'rsa']],
  ['ajwt keygen --type=r', ['rsa']],
  ['ajwt keygen --type ec --curve P-3', ['P-384']],
  ['ajwt keygen --comment ', []],
  ['ajwt token --user guido --key ke', ['key', 'key.pub']],
  ['ajwt token --user guido --key=no', ['notes.txt']],
  ['ajwt fetch --user ', []],
  ['ajwt fetch -X PUT -d @ke', ['key', 'key.pub']],
  ['ajwt fetch -d @inner/n', ['inner/note']],
  ['ajwt fetch --data ', []],
  ['ajwt fetch -F title=x -F file=@no', ['notes.txt']],
  ['ajwt fetch -H a:b --fail', ['--fail', '--fail-with-body']],
  ['ajwt pubkey ke', ['key', 'key.pub']],
  ['ajwt pubkey --j', ['--jwk']],
  ['ajwt completion ', ['bash', 'fish', 'zsh']],
  ['ajwtd us', ['user']],
  ['ajwtd user dis', ['disable']],
  ['ajwtd help key re', ['retire', 'revoke']],
  ['ajwtd user list --se', ['--search']],
  ['ajwtd serve --log-level ', ['debug', 'error', 'info', 'warn']],
  ['ajwtd key add guido no', ['notes.txt']],
];

/** Returns the words that complete a line; for an option or form field with a value, only the value. */
type Ask = (line: string) => Promise<readonly string[]>;

const bare = (words: readonly string[]) => words.map((word) => word.replace(/^--[a-z-]+=|^[^@]*@/, '')).sort();

/** Functions in place of the commands: the shell inserts all candidates into the line, which then prints them. */
const TELL = `tell() { printf 'WORDS'; printf ' <%s>' "$@"; echo .; }; ajwt() { tell "$@"; }; ajwtd() { tell "$@"; }`;

const BASH = `PS1='READY '
bind 'set enable-bracketed-paste off'
bind '"\\t": insert-completions'
source <(ajwt completion bash)
source <(ajwtd completion bash)
${TELL}
`;

const ZSH = `PS1='READY '
autoload -Uz compinit && compinit -u -D
zstyle ':completion:*' completer _all_matches _complete
zstyle ':completion:*' insert yes
bindkey '^I' complete-word
unset zle_bracketed_paste
unsetopt prompt_sp
source <(ajwt completion zsh)
source <(ajwtd completion zsh)
${TELL}
`;

/** Opens a shell on a terminal; `ask` types a line, and waits for its output. */
function openTerminal(command: string): { ask: Ask; close(): Promise<unknown> } {
  const child = startOnTerminal(command, { cwd: folder, env: { TERM: 'dumb', ZDOTDIR: folder, HOME: folder } });
  let shown = '';
  child.stdout?.on('data', (chunk) => {
    shown += chunk;
  });
  const finished = finish(child);
  const next = async (pattern: RegExp): Promise<string> => {
    await expect.poll(() => shown, { timeout: 20_000 }).toMatch(pattern);
    const [, found = ''] = pattern.exec(shown) ?? [];
    return found;
  };
  return {
    async ask(line) {
      await next(/READY $/);
      shown = '';
      child.stdin?.write(`${line}\t\n`);
      const words = [...(await next(/WORDS(.*)\.\n/)).matchAll(/ <([^>]*)>/g)].map(([, word]) => word as string);
      // Leaves out the program and the words before the completed one.
      return bare(words.slice(line.split(/(?<!\\) /).length - 2));
    },
    close() {
      child.stdin?.write('exit\n');
      return finished;
    },
  };
}

const TERMINALS = { bash: ['--rcfile rc.bash', 'rc.bash', BASH], zsh: ['-d', '.zshrc', ZSH] } as const;

describe.each(Object.entries(TERMINALS))('%s', (name, [options, startup, text]) => {
  describe.skipIf(lacks(name, '--version') || lacks('script', '--version'))(`on a terminal (needs ${name})`, () => {
    let terminal: ReturnType<typeof openTerminal>;
    beforeAll(() => {
      writeFileSync(`${folder}/${startup}`, text);
      terminal = openTerminal(`${name} ${options} -i`);
    });
    afterAll(() => terminal.close());

    test('completes commands, options, values and file names', { timeout: 60_000 }, async () => {
      expect((await terminal.ask('ajwt ')).filter((word) => !word.startsWith('-'))).toEqual(COMMANDS.toSorted());
      expect(await terminal.ask('ajwt fetch -d @two')).toEqual(['two words']);
      expect(await terminal.ask('ajwt fetch -d @two\\ w')).toEqual(['two words']);
      // zsh removes the slash when the line runs.
      expect(await terminal.ask('ajwt fetch -d @in')).toEqual([name === 'zsh' ? 'inner' : 'inner/']);
      expect(await terminal.ask('ajwt token --key tw')).toEqual(['two words']);
      const found: [string, readonly string[]][] = [];
      for (const [line] of CASES) found.push([line, await terminal.ask(line)]);
      expect(found).toEqual(CASES);
    });
  });
});

describe.skipIf(lacks('fish', '--version'))('fish (needs fish)', () => {
  /** Returns what fish offers for each line, with the descriptions. */
  const asked = async (lines: readonly string[]) => {
    const asks = lines.map((line) => `complete -C '${line}'; echo END`).join('\n');
    const script = `for name in ajwt ajwtd; $name completion fish | source; end\n${asks}`;
    const env = { HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder, SCRIPT: script };
    const { code, stdout, stderr } = await shell(`fish --no-config -c "$SCRIPT"`, { cwd: folder, env });
    expect([code, stderr]).toEqual([0, '']);
    return stdout.split('END\n').map((part) => part.split('\n').filter(Boolean));
  };
  const wordsOf = (rows: readonly string[] = []) => bare(rows.map((row) => row.split('\t')[0] as string));

  test('completes commands, options, values and file names, with descriptions', async () => {
    const [first, described, ...found] = await asked(['ajwt ', 'ajwt fet', ...CASES.map(([line]) => line)]);
    expect(wordsOf(first)).toEqual(COMMANDS.toSorted());
    expect(described).toEqual(['fetch\tsend a signed HTTP request, like curl']);
    expect(CASES.map(([line], index) => [line, wordsOf(found[index])])).toEqual(CASES);
  });
});

describe('ajwt complete', () => {
  const complete = async (line: string) => (await ajwt(['complete', '--', ...line.split(' ').slice(1)])).stdout;
  const options = async (line: string) => [...(await complete(line)).matchAll(/^(-\S+)\t/gm)].map(([, word]) => word);

  test.each([
    ['ajwt keygen --type=', '--type=ed25519\t\n--type=rsa\t\n--type=ec\t\n'],
    ['ajwt fetch -sd@k', ':file\t-sd@\n'],
    ['ajwt fetch -sd @k', ':file\t@\n'],
    ['ajwt fetch --form=a=@k', ':file\t--form=a=@\n'],
    ['ajwt fetch -H --user -o ', ':file\t\n'],
    ['ajwt pubkey -- -', ':file\t\n'],
    ['ajwt fetch -H ', ''],
    ['ajwt token a', ''],
    ['ajwt frobnicate ', ''],
    ['ajwt help keygen --', ''],
    ['ajwt -', '--help\tprint this help\n--version\tprint the version\n'],
  ])('%s', async (line, printed) => {
    expect(await complete(line)).toBe(printed);
  });

  test('loads only the command that the line names', async () => {
    const unused = { summary: 'summary', load: () => expect.unreachable() };
    const commands = new Map<string, CommandEntry>([...COMMAND_TABLE].map(([name]) => [name, unused]));
    expect(await completionLines(commands, ['fe'])).toContain('fetch\tsummary');
    expect(await completionLines(commands, ['help', 'fe'])).toContain('fetch\tsummary');
    commands.set('token', COMMAND_TABLE.get('token') as CommandEntry);
    expect((await completionLines(commands, ['token', '--'])).join()).toContain('--user');
  });

  test('offers an option only once, unless it can be repeated', async () => {
    const offered = await options('ajwt fetch -v -Ha:b --user guido -');
    expect(offered).toEqual(expect.arrayContaining(['-H', '--header', '-X', '--request', '-h', '--help']));
    for (const used of ['-v', '--verbose', '--user']) expect(offered).not.toContain(used);
  });

  test('describes commands and options in a few words', async () => {
    expect(await complete('ajwt ')).toContain('fetch\tsend a signed HTTP request, like curl\n');
    expect(await complete('ajwt fetch -')).toContain('--form\tform field or file (multipart/form-data)\n');
  });

  test('works even if an environment variable is misspelled, and is not in the help', async () => {
    const { code, stdout, stderr } = await ajwtd(['complete', '--', 'user', ''], { env: { AJWTD_TOLERENCE: '1' } });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('disable\trefuse all requests from a user\n');
    expect((await ajwt(['--help'])).stdout).not.toMatch(/^ +complete /m);
  });
});

describe('ajwt completion', () => {
  describe.each(['bash', 'zsh', 'fish'])('for %s: the script', (name) => {
    test.skipIf(lacks(name, '--version')).each(['ajwt', 'ajwtd'])(`of %s is valid ${name}`, async (program) => {
      const { code, stderr } = await shell(`set -o pipefail; ${program} completion ${name} | ${name} -n /dev/stdin`);
      expect([code, stderr]).toEqual([0, '']);
    });
  });

  test.each([[[]], [['tcsh']], [['']]])('needs the name of a known shell: %j', async (words) => {
    const outcome = await ajwt(['completion', ...words]);
    expect(outcome).toMatchObject({ code: 1, stdout: '', stderr: 'ajwt: choose a shell: bash, zsh, fish\n' });
  });
});
