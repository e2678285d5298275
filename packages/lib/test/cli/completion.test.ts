/** What the Tab key brings: asked of the shells themselves, on a terminal where they have one. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { ajwt, finish, lacks, scratch, shell, startOnTerminal } from 'ajwt-testkit/ajwt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const file = scratch();
const folder = file('here');

beforeAll(() => {
  mkdirSync(`${folder}/inner`, { recursive: true });
  for (const name of ['key', 'key.pub', 'notes.txt', 'two words', 'inner/note']) writeFileSync(`${folder}/${name}`, '');
});

const COMMANDS = ['keygen', 'token', 'fetch', 'explain', 'pubkey', 'completion', 'help'];

/** What is typed before the key is pressed, and what can stand there. */
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

/** What can stand at the end of a line: the value of an option or a form's field without what is before it. */
type Ask = (line: string) => Promise<readonly string[]>;

const bare = (words: readonly string[]) => words.map((word) => word.replace(/^--[a-z-]+=|^[^@]*@/, '')).sort();

/** Puts everything that fits into the line when the key is pressed; the line is then run, and tells its words. */
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

/** Presses keys on a terminal, as somebody would who waits for what comes. */
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
      // The program and the words that were complete.
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

    test('completes each place', { timeout: 60_000 }, async () => {
      expect((await terminal.ask('ajwt ')).filter((word) => !word.startsWith('-'))).toEqual(COMMANDS.toSorted());
      expect(await terminal.ask('ajwt fetch -d @two')).toEqual(['two words']);
      expect(await terminal.ask('ajwt fetch -d @two\\ w')).toEqual(['two words']);
      // zsh takes the slash away again when the line is run.
      expect(await terminal.ask('ajwt fetch -d @in')).toEqual([name === 'zsh' ? 'inner' : 'inner/']);
      expect(await terminal.ask('ajwt token --key tw')).toEqual(['two words']);
      const found: [string, readonly string[]][] = [];
      for (const [line] of CASES) found.push([line, await terminal.ask(line)]);
      expect(found).toEqual(CASES);
    });
  });
});

describe.skipIf(lacks('fish', '--version'))('fish (needs fish)', () => {
  const asked = async (lines: readonly string[]) => {
    const asks = lines.map((line) => `complete -C '${line}'; echo END`).join('\n');
    const env = { HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder };
    const script = `for name in ajwt ajwtd; $name completion fish | source; end\n${asks}`;
    const { code, stdout, stderr } = await shell(`fish --no-config -c "$SCRIPT"`, {
      cwd: folder,
      env: { ...env, SCRIPT: script },
    });
    expect([code, stderr]).toEqual([0, '']);
    return stdout.split('END\n').map((part) => bare(part.split('\n').flatMap((row) => row.split('\t')[0] || [])));
  };

  test('completes each place', async () => {
    const [first, ...found] = await asked(['ajwt ', ...CASES.map(([line]) => line)]);
    expect(first).toEqual(COMMANDS.toSorted());
    expect(CASES.map(([line], index) => [line, found[index]])).toEqual(CASES);
  });
});

describe('the scripts', () => {
  describe.each(['bash', 'zsh', 'fish'])('for %s', (name) => {
    test.skipIf(lacks(name, '--version')).each(['ajwt', 'ajwtd'])(
      `of %s are what ${name} can read`,
      async (program) => {
        const { code, stderr } = await shell(`set -o pipefail; ${program} completion ${name} | ${name} -n /dev/stdin`);
        expect([code, stderr]).toEqual([0, '']);
      },
    );
  });

  test.each([[[]], [['tcsh']], [['']]])('for no shell, or one that is not known: %j', async (words) => {
    const outcome = await ajwt(['completion', ...words]);
    expect(outcome).toMatchObject({ code: 1, stdout: '', stderr: 'ajwt: choose a shell: bash, zsh, fish\n' });
  });
});
