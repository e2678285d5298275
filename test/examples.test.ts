/**
 * Every public function and class has a working example: its docstring contains an `@example` with a fenced `ts` block.
 *
 * - The test type-checks all blocks of the library in one program.
 * - The test runs each block, unless its fence says why it cannot run: `ts no-run: needs Redis`. A block stops everything that it starts.
 * - A block prints values with `console.log`, and shows the output in a comment on the same line: `console.log(key.kid); // 5f2…`. The
 *   test compares the output with the comment. `…` in the comment matches any text; the test treats line breaks in the output as spaces.
 */
import { globSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { format } from 'node:util';
import { run } from 'ajwt-testkit/run';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { ENTRY_POINTS, type Module, moduleOf, type Public, publicOf } from './public-names.ts';

/** A block of code in a docstring. */
interface Block {
  /** The file, and the name that the docstring documents. */
  readonly place: string;
  /** The number of the line with the opening fence. */
  readonly line: number;
  /** The text after the language in the fence. */
  readonly mark: string;
  readonly code: string;
}

const lineAt = (text: string, at: number) => text.slice(0, at).split('\n').length;

/** Returns the name of the function, class or method that is declared at an offset. */
const declaredAt = (text: string, at: number) =>
  text
    .slice(at)
    .match(/^\s*(?:(?:export|declare|abstract|static|async|function|class|interface|const|type) )*(\w+)/)?.[1];

function blocksOf({ path, text, comments }: Module): Block[] {
  const docs = comments.filter(({ type, value }) => type === 'Block' && value.startsWith('*'));
  return docs.flatMap(({ value, start, end }) => {
    const plain = value.replace(/^ *\* ?/gm, '');
    return [...plain.matchAll(/^```ts\b(.*)\n([\s\S]*?)^```$/gm)].map(({ index, 1: mark = '', 2: code = '' }) => ({
      place: `${path} ${declaredAt(text, end)}`,
      line: lineAt(text, start) + lineAt(plain, index) - 1,
      mark: mark.trim(),
      code,
    }));
  });
}

/** Returns the functions and classes without an example. An overloaded function needs only one example. */
function withoutExample(names: readonly Public[]): string[] {
  const callable = names.filter(({ declaration }) => /Function|Class/.test(declaration.type));
  const shown = new Set(callable.filter(({ doc }) => /@example\b[^@]*^ *\* ```ts\b/m.test(doc ?? '')).map(placeOf));
  return [...new Set(callable.map(placeOf))].filter((place) => !shown.has(place));
}
const placeOf = ({ name, module }: Public) => `${module.path} ${name}`;

// Inside the repository, so that imports of the packages find their sources.
const SCRATCH = resolve('test/.examples');
let folder: string;

const fileOf = (block: Block) => join(folder, `${blocks.indexOf(block)}.ts`);

/** Type-checks all blocks in one program. @returns the errors of each, with the line in the source */
async function typeCheck(): Promise<string[][]> {
  await Promise.all(blocks.map((block) => writeFile(fileOf(block), block.code)));
  const compilerOptions = { noEmit: true, moduleDetection: 'force', skipLibCheck: true };
  const config = { extends: resolve('tsconfig.base.json'), compilerOptions, include: ['*.ts'] };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const { stdout } = await run(resolve('node_modules/.bin/tsc'), ['-p', folder, '--pretty', 'false']);

  const errors = blocks.map((): string[] => []);
  for (const [, file = '', line, message] of stdout.matchAll(/^(\S.*)\((\d+),\d+\): (error .*(?:\n .*)*)/gm)) {
    const index = Number(basename(file, '.ts'));
    const block = blocks[index];
    if (block === undefined) throw new Error(`tsc failed outside the examples:\n${stdout}`);
    errors[index]?.push(`${block.place}, line ${block.line + Number(line)}: ${message}`);
  }
  return errors;
}

/** Returns the lines that show a value in a comment without printing it. */
const unprinted = ({ place, code }: Block) =>
  [...code.matchAll(/^.*; \/\/ (?:true|false|undefined|null|-?\d|['"`{[]).*$/gm)]
    .filter(([line]) => !line.includes('console.log('))
    .map(([line]) => `${place}: ${line}`);

/** Runs a block, and returns the output of console.log and the comments after its calls. */
async function printedBy(block: Block): Promise<{ printed: string[]; documented: string[] }> {
  vi.stubEnv('TMPDIR', folder);
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  await import(/* @vite-ignore */ fileOf(block));
  const printed = log.mock.calls.map((words) => format(...words).replace(/\s+/g, ' '));
  const documented = [...block.code.matchAll(/console\.log\(.*?\);(?: \/\/ (.*))?$/gm)].map(([, text = '']) => text);
  return { printed, documented };
}
const pattern = (text: string) => new RegExp(`^${text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll('…', '.*')}$`);

/** Returns the types of all open servers and connections. */
const openSockets = () => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP'));

async function runs(block: Block): Promise<void> {
  const { printed, documented } = await printedBy(block);
  expect(printed).toEqual(documented.map((text) => expect.stringMatching(pattern(text))));
  await expect.poll(openSockets).toEqual([]);
}

const sample = (name: string, code: string) =>
  `/**\n * @example\n * \`\`\`ts\n * ${code}\n * \`\`\`\n */\nexport function ${name}(): void {}\n`;

/** Docstrings with one mistake each. */
const SAMPLE = moduleOf(
  'sample.ts',
  [
    '/** Has no example. */\nexport class Bare {}\n',
    sample('wrongType', "console.log('2' * 2); // 4"),
    sample('wrongOutput', "console.log('printed'); // written"),
    sample('unprinted', "'a'.length; // 1"),
    sample('leftOpen', "export const server = (await import('node:http')).createServer().listen(0);"),
  ].join(''),
);

const sources = globSync('packages/lib/src/**/*.ts').sort();
const examples = sources.flatMap((path) => blocksOf(moduleOf(path, readFileSync(path, 'utf8'))));
const samples = blocksOf(SAMPLE);
const blocks = [...examples, ...samples];
let errors: string[][];

beforeAll(async () => {
  await mkdir(SCRATCH, { recursive: true });
  folder = await mkdtemp(join(SCRATCH, 'blocks-'));
  errors = await typeCheck();
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

const errorsOf = (block: Block | undefined) => errors[blocks.indexOf(block as Block)];

describe('the library', () => {
  test.each(ENTRY_POINTS)('$subpath has an example for each function and class', ({ names }) => {
    expect(withoutExample(names)).toEqual([]);
  });

  test.each(ENTRY_POINTS)('$subpath begins with a paragraph about its use', ({ module }) => {
    expect(module.text).toMatch(/^\/\*\*\n \* [A-Z`]/);
  });

  for (const block of examples) {
    test(`the example of ${block.place} compiles`, () => expect(errorsOf(block)).toEqual([]));
    if (block.mark === '') test(`the example of ${block.place} prints what its comments show`, () => runs(block));
  }

  test('examples show values with console.log', () => {
    expect(examples.flatMap(unprinted)).toEqual([]);
  });

  test('examples that are not run give the reason', () => {
    const marks = examples.filter(({ mark }) => mark !== '' && !/^no-run: \w/.test(mark));
    expect(marks.map(({ place, mark }) => `${place}: ${mark}`)).toEqual([]);
  });
});

describe('an example', () => {
  const [wrongType, wrongOutput, valueAlone, leftOpen] = samples as [Block, Block, Block, Block];

  test('must exist', () => {
    expect(withoutExample(publicOf(SAMPLE))).toEqual(['sample.ts Bare']);
  });

  test('must compile', () => {
    expect(errorsOf(wrongType)).toEqual([expect.stringMatching(/^sample.ts wrongType, line 6: error TS2362: /)]);
    expect(errorsOf(leftOpen)).toEqual([]);
  });

  test('must print what the comments of the block show', async () => {
    await expect(runs(wrongOutput)).rejects.toThrow("'printed'");
  });

  test('must print the values that it shows', () => {
    expect(unprinted(valueAlone)).toEqual(["sample.ts unprinted: 'a'.length; // 1"]);
  });

  test('must close its servers', async () => {
    await printedBy(leftOpen);
    expect(openSockets()).toEqual(['TCPServerWrap']);
    const { server } = await import(/* @vite-ignore */ fileOf(leftOpen));
    server.close();
  });
});
