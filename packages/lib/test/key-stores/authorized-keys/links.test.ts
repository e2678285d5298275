/** Links in a folder of authorized_keys files: the store reads Kubernetes volumes, but no link lets one user act as another. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lchownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { canRunAsOthers, NEEDS_OTHERS } from 'ajwt-testkit/other-users';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { PrivateKey } from '../../../src/index.ts';
import {
  type AuthorizedKeysProblem,
  authorizedKeysStore,
} from '../../../src/key-stores/authorized-keys/authorized-keys-store.ts';

const ROOT = realpathSync(mkdtempSync(join(tmpdir(), 'ajwt-links-')));
chmodSync(ROOT, 0o755);
afterAll(() => rmSync(ROOT, { recursive: true }));
const isRoot = process.getuid?.() === 0;
const STRANGER = 12_345;
const HINT = { kid: undefined, alg: 'EdDSA' } as const;
const [one, other] = await Promise.all([PrivateKey.generate('ed25519'), PrivateKey.generate('ed25519')]);
const [kid, otherKid] = [one.publicKey.kid, other.publicKey.kid];
const lineOf = (key: PrivateKey) => `${key.publicKey.toOpenSsh()}\n`;

let count = 0;
let folder: string;
beforeEach(() => {
  folder = join(ROOT, String(count++));
  mkdirSync(folder, { mode: 0o755 });
});
const at = (...names: string[]) => join(folder, ...names);

/** Writes a volume like kubelet: writes the files into a new folder, and points `..data` to it in one step. */
function mount(files: Readonly<Record<string, string>>, version: string): void {
  mkdirSync(at(version), { mode: 0o755 });
  for (const [name, text] of Object.entries(files)) writeFileSync(at(version, name), text, { mode: 0o644 });
  symlinkSync(version, at('..data_tmp'));
  renameSync(at('..data_tmp'), at('..data'));
}

function storeOf(path = folder, layout: 'folder' | 'file' = 'folder') {
  let now = 0;
  const problems: AuthorizedKeysProblem[] = [];
  const store = authorizedKeysStore(path, {
    layout,
    monotonic: () => now,
    onProblem: (problem) => problems.push(problem),
  });
  const kids = async (username = 'guido') => {
    now += 1;
    return (await store.find(username, HINT))?.keys.map(({ key }) => key.kid);
  };
  return { kids, problems };
}

const STORE = new URL('../../../src/key-stores/authorized-keys/authorized-keys-store.ts', import.meta.url).pathname;
const READ = `const { authorizedKeysStore } = await import(process.argv[1]);
const print = (result) => console.log(JSON.stringify(result));
await authorizedKeysStore(process.argv[2]).find('guido', { alg: 'EdDSA' }).then(
  (record) => print({ kids: record?.keys.map(({ key }) => key.kid) }),
  ({ message }) => print({ error: message }),
);`;

/** Reads the folder in a separate process: as another user, or with other mounts. */
function readInProcess([program, ...args]: readonly string[], uid?: number): unknown {
  const { stdout, stderr, status } = spawnSync(
    program as string,
    [...args, '--conditions=source', '--no-warnings', '--input-type=module', '--eval', READ, STORE, folder],
    { encoding: 'utf8', ...(uid === undefined ? {} : { uid, gid: uid }) },
  );
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

/** Whether mounting is possible; some containers do not allow it. */
const canMount = isRoot && spawnSync('unshare', ['-m', 'mount', '--bind', '/tmp', '/tmp']).status === 0;

/** Modes of a folder that others can write to. */
const SHARED = [
  ['sticky', 0o1777],
  ['sticky and setgid', 0o3775],
] as const;

describe('a Kubernetes volume', () => {
  const fill = () => {
    mount({ guido: lineOf(one), ada: lineOf(other) }, '..2026_11_30_10_00_00.1');
    for (const name of ['guido', 'ada']) symlinkSync(`..data/${name}`, at(name));
  };

  test('is read, and its internal names are not usernames', async () => {
    fill();
    const { kids, problems } = storeOf();
    expect([await kids('guido'), await kids('ada'), await kids('..data')]).toEqual([[kid], [otherKid], undefined]);
    expect(problems).toEqual([]);
  });

  test('is read again when ..data changes, so keys can be changed and users removed', async () => {
    fill();
    const { kids, problems } = storeOf();
    expect(await kids()).toEqual([kid]);
    mount({ guido: lineOf(other), ada: lineOf(other) }, '..2026_11_30_11_00_00.2');
    rmSync(at('..2026_11_30_10_00_00.1'), { recursive: true });
    expect(await kids()).toEqual([otherKid]);
    mount({ ada: lineOf(other) }, '..2026_11_30_12_00_00.3');
    rmSync(at('..2026_11_30_11_00_00.2'), { recursive: true });
    // Kubelet removes the link of the user a moment later.
    expect(await kids()).toBeUndefined();
    rmSync(at('guido'));
    expect(await kids()).toBeUndefined();
    expect([await kids('ada'), problems]).toEqual([[otherKid], []]);
  });

  test('is always read as a whole, even if it is replaced during the read', async () => {
    fill();
    const { kids, problems } = storeOf();
    for (let version = 0; version < 200; version++) {
      const reading = Promise.all([kids('guido'), kids('ada')]);
      const name = `..version_${version}`;
      // Replaces the volume a little later in each round.
      for (let turn = 0; turn < version % 25; turn++) await setImmediate();
      mount({ guido: lineOf(one), ada: lineOf(other) }, name);
      rmSync(at(version === 0 ? '..2026_11_30_10_00_00.1' : `..version_${version - 1}`), { recursive: true });
      expect(await reading).toEqual([[kid], [otherKid]]);
    }
    expect(problems).toEqual([]);
  });

  test('without ..data is reported as a problem, and its last valid content stays in use', async () => {
    fill();
    const { kids, problems } = storeOf();
    expect(await kids()).toEqual([kid]);
    rmSync(at('..data'));
    expect(await kids()).toEqual([kid]);
    expect(problems).toMatchObject([{ message: `${at('guido')} is a link to a missing folder: ${at('..data')}` }]);
    await expect(storeOf().kids()).rejects.toMatchObject({ code: 'unavailable' });
  });

  test.each(['as one file of all users', 'as a folder in the volume'])('is read %s', async (what) => {
    if (what === 'as one file of all users') {
      mount({ all: `user="guido" ${lineOf(one)}` }, '..1');
      symlinkSync('..data/all', at('all'));
      expect(await storeOf(at('all'), 'file').kids()).toEqual([kid]);
    } else {
      mkdirSync(at('..1', 'users'), { recursive: true, mode: 0o755 });
      writeFileSync(at('..1', 'users', 'guido'), lineOf(one), { mode: 0o644 });
      symlinkSync('..1', at('..data'));
      symlinkSync('..data/users', at('users'));
      expect(await storeOf(at('users')).kids()).toEqual([kid]);
    }
  });

  describe.skipIf(!canRunAsOthers)(`created by root ${NEEDS_OTHERS}`, () => {
    test.each(SHARED)('in a shared folder (%s) is read by root and by another user', async (_name, mode) => {
      fill();
      chmodSync(folder, mode);
      expect(await storeOf().kids()).toEqual([kid]);
      expect(readInProcess([process.execPath], STRANGER)).toEqual({ kids: [kid] });
    });

    test('that all can write to is read if it is mounted read-only, and refused otherwise', () => {
      fill();
      chmodSync(folder, 0o777);
      expect(readInProcess([process.execPath])).toEqual({
        error: `the folder ${folder} can be written by others; \`chmod go-w\` it`,
      });
      if (!canMount) return;
      const mounted = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"';
      const command = ['unshare', '-m', 'sh', '-c', mounted, folder, process.execPath];
      expect(readInProcess(command)).toEqual({ kids: [kid] });
    });

    test('is refused if a part of it is owned by another user', async () => {
      fill();
      for (const [path, message] of [
        [folder, 'the folder'],
        [at('guido'), 'the link'],
        [at('..data'), 'the link'],
        [at('..2026_11_30_10_00_00.1'), 'the folder'],
        [at('..2026_11_30_10_00_00.1', 'guido'), 'the file'],
      ] as const) {
        lchownSync(path, STRANGER, STRANGER);
        await expect(storeOf().kids()).rejects.toThrow(`${message} ${path} belongs to another user`);
        lchownSync(path, 0, 0);
        expect(await storeOf().kids()).toEqual([kid]);
      }
    });
  });
});

describe('a link is followed', () => {
  test.each([
    ['next to its target', 'real'],
    ['with dots in its path', './x/../real'],
    ['to an absolute path in the folder', '{folder}/real'],
    ['to an absolute path in the folder, through folders', '{folder}/x/y/../../real'],
    ['to another link', 'second'],
  ])('%s', async (_what, target) => {
    writeFileSync(at('real'), lineOf(one), { mode: 0o644 });
    mkdirSync(at('x', 'y'), { recursive: true });
    symlinkSync('x/../real', at('second'));
    symlinkSync(target.replace('{folder}', folder), at('guido'));
    expect(await storeOf().kids()).toEqual([kid]);
  });

  test('to an absolute path, even if the path of the folder is a link', async () => {
    writeFileSync(at('real'), lineOf(one), { mode: 0o644 });
    symlinkSync(at('real'), at('guido'));
    symlinkSync(folder, `${folder}.link`);
    expect(await storeOf(`${folder}.link`).kids()).toEqual([kid]);
  });

  test('to a missing file, which means an unknown user', async () => {
    symlinkSync('nowhere', at('guido'));
    const { kids, problems } = storeOf();
    expect([await kids(), problems]).toEqual([undefined, []]);
  });
});

describe('a link is refused', () => {
  test.each([
    ['to a file outside of the folder', '../{name}.outside', 'leads out of'],
    ['to an absolute path', '{folder}.outside', 'leads out of'],
    ['through the parent folder', '../{name}/real', 'leads out of'],
    ['to an absolute path through the parent folder', '{folder}/../{name}.outside', 'leads out of'],
    ['through a link to the outside', 'out/{name}.outside', 'leads out of'],
    ['to itself', 'guido', 'more than 8 links'],
    ['to a folder', 'x', 'is not a regular file'],
    ['to the folder itself', '.', 'is not a regular file'],
    ['through a file', 'real/x', 'is not a folder'],
    ['through a folder that others can write to', 'open/guido', 'can be written by others'],
    ['to a file that others can write to', 'written', 'can be written by others'],
    ['to a pipe', 'pipe', 'is not a regular file'],
  ])('%s', async (_what, target, message) => {
    for (const name of [at('real'), at('written'), `${folder}.outside`])
      writeFileSync(name, lineOf(one), { mode: 0o644 });
    chmodSync(at('written'), 0o666);
    mkdirSync(at('x'));
    mkdirSync(at('open'));
    chmodSync(at('open'), 0o777);
    writeFileSync(at('open', 'guido'), lineOf(one), { mode: 0o644 });
    symlinkSync('..', at('out'));
    execFileSync('mkfifo', ['-m', '644', at('pipe')]);
    symlinkSync(target.replace('{folder}', folder).replace('{name}', folder.slice(ROOT.length + 1)), at('guido'));
    const { kids, problems } = storeOf();
    await expect(kids()).rejects.toThrow(message);
    expect(problems).toHaveLength(1);
  });
});

/** Anyone can create files in such a folder, with any user's file name. */
describe.skipIf(!canRunAsOthers)(`in a folder of root that others can write to ${NEEDS_OTHERS}`, () => {
  beforeEach(() => {
    writeFileSync(at('guido'), lineOf(one), { mode: 0o644 });
    chmodSync(folder, 0o1777);
  });

  test("another user's file is ignored even if it cannot be read", () => {
    writeFileSync(at('guido'), '', { mode: 0 });
    chmodSync(at('guido'), 0);
    chownSync(at('guido'), STRANGER, STRANGER);
    expect(readInProcess([process.execPath], STRANGER + 1)).toEqual({});
  });

  const attacks: Readonly<Record<string, () => void>> = {
    'link to the file of another user': () => symlinkSync('guido', at('admin')),
    file: () => writeFileSync(at('admin'), lineOf(one), { mode: 0o644 }),
    folder: () => mkdirSync(at('admin')),
    pipe: () => execFileSync('mkfifo', [at('admin')]),
  };
  test.each(Object.entries(attacks))("another user's %s is ignored and reported", async (_what, attack) => {
    attack();
    lchownSync(at('admin'), STRANGER, STRANGER);
    const { kids, problems } = storeOf();
    expect(await kids('admin')).toBeUndefined();
    expect(problems).toMatchObject([{ message: expect.stringContaining(`${at('admin')} belongs to another user`) }]);
    expect(await kids()).toEqual([kid]);
  });

  test.each(Object.entries(attacks))("another user's %s does not keep a removed file in use", async (_what, attack) => {
    writeFileSync(at('admin'), lineOf(other), { mode: 0o644 });
    const { kids } = storeOf();
    expect(await kids('admin')).toEqual([otherKid]);
    rmSync(at('admin'));
    attack();
    lchownSync(at('admin'), STRANGER, STRANGER);
    expect(await kids('admin')).toBeUndefined();
  });

  test.each([
    ['file', () => linkSync(at('guido'), at('admin'))],
    [
      'link',
      () => {
        symlinkSync('guido', at('ada'));
        linkSync(at('ada'), at('admin'));
      },
    ],
  ])('a hard link to a %s of root is refused', async (_kind, attack) => {
    attack();
    await expect(storeOf().kids('admin')).rejects.toThrow('has a second hard link');
  });

  test("another user's folder is refused, even if a link of root leads to it", async () => {
    symlinkSync('later/ada', at('ada'));
    mkdirSync(at('later'), { mode: 0o755 });
    writeFileSync(at('later', 'ada'), lineOf(one), { mode: 0o644 });
    chownSync(at('later'), STRANGER, STRANGER);
    expect(await storeOf().kids('ada')).toBeUndefined();
  });

  test.each([
    ['is not sticky', 0, 0o777],
    ['is sticky and does not belong to root', STRANGER, 0o1777],
  ])('the folder is refused if it %s', async (_what, owner, mode) => {
    chownSync(folder, owner, owner);
    chmodSync(folder, mode);
    await expect(storeOf().kids()).rejects.toThrow(
      owner === 0 ? 'can be written by others' : 'belongs to another user',
    );
    if (owner !== 0) {
      expect(readInProcess([process.execPath], STRANGER)).toMatchObject({
        error: expect.stringContaining('can be written by others'),
      });
    }
  });
});
