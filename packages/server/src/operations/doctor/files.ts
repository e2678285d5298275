/** Checks who can read and write the files of the server, and whether the disk is full. Changes nothing. */
import { accessSync, constants, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { CommandError } from 'ajwt-cli-kit';
import { checkFileAccess } from '../../database/file-access.ts';
import { nameOf, ownerAndMode, realPath } from '../../database/file-owner.ts';
import { whyNotPermitted } from '../../database/file-permission.ts';
import { readPublishedKeys } from '../../published-keys.ts';
import { type Finding, findingsOf } from './finding.ts';
import type { Installation } from './installation.ts';

const { ok, hint, warning, problem } = findingsOf('files');

const BY_ANYONE = 0o004;
const BY_GROUP = 0o040;
/** Free space below which a disk counts as nearly full. */
const LEAST_BYTES = 100_000_000;
const LEAST_SHARE = 0.05;
/** File systems on which processes do not share the memory that SQLite's write-ahead log needs (statfs(2)). */
const NETWORK_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x517b, 'SMB'],
]);

export async function checkFiles(installation: Installation): Promise<readonly Finding[]> {
  const { config, configFile, secretFiles } = installation;
  const findings: Finding[] = [];
  if (config.database.kind === 'sqlite') findings.push(...sqliteFiles(config.database.path));
  findings.push(...passwords(installation));
  if (configFile !== undefined && installation.passwords.some(({ kind }) => kind === 'file')) {
    findings.push(...secretFile(configFile));
  }
  for (const path of secretFiles) findings.push(...secretFile(path));
  try {
    await readPublishedKeys(config.serveJwks, '--serve-jwks');
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    findings.push(problem(error.message, 'correct the file; `ajwtd serve` does not start with it'));
  }
  return findings;
}

function sqliteFiles(path: string): readonly Finding[] {
  const real = realPath(path);
  const folder = dirname(real);
  try {
    const group = checkFileAccess(path).map((what) => warning(what));
    const stats = statSync(real, { throwIfNoEntry: false });
    if (stats === undefined) {
      const why = whyNotPermitted(path, { code: 'ENOENT' });
      return why === undefined ? [...group, ...disk(folder)] : [problem(why)];
    }
    const why = whyNotAccessible(path, real);
    if (why !== undefined) return [problem(why)];
    return [
      ok(`${path} (${ownerAndMode(stats)}) can be read and written`),
      ...group,
      ...readers(path, stats.mode),
      ...owners(real, stats.uid),
      ...disk(folder),
    ];
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return [problem(error.message)];
  }
}

/** Checks access as `ajwtd serve` needs it: to the files, and to the folder, in which SQLite creates files. */
function whyNotAccessible(path: string, real: string): string | undefined {
  try {
    accessSync(dirname(real), constants.R_OK | constants.W_OK | constants.X_OK);
    accessSync(real, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    return whyNotPermitted(path, error) ?? (error as Error).message;
  }
}

function readers(path: string, mode: number): readonly Finding[] {
  if ((mode & BY_ANYONE) === 0) return [];
  const what = `${path} can be read by every user of this machine: it contains all usernames and the audit trail`;
  return [warning(what, `run \`chmod o-r ${path}\``)];
}

/** Finds files that another user has created, for example by running SQLite as root or by interrupting a command. */
function owners(real: string, owner: number): readonly Finding[] {
  const findings: Finding[] = [];
  for (const file of [`${real}-wal`, `${real}-shm`]) {
    const stats = statSync(file, { throwIfNoEntry: false });
    if (stats === undefined || stats.uid === owner) continue;
    const what = `${file} belongs to ${nameOf(stats.uid)}, but the database belongs to ${nameOf(owner)}: a server that runs as ${nameOf(owner)} may not be able to open the file`;
    findings.push(problem(what, `stop ajwtd, and run \`chown ${nameOf(owner)} ${file}\``));
  }
  const user = process.getuid?.();
  if (user !== undefined && user !== owner) {
    const what = `the database belongs to ${nameOf(owner)}, but this command runs as ${nameOf(user)}, so it cannot check what ${nameOf(owner)} can read and write`;
    findings.push(hint(what, `run this command as ${nameOf(owner)}`));
  }
  return findings;
}

function disk(folder: string): readonly Finding[] {
  const { type, bsize, bavail, blocks } = statfsSync(folder);
  const free = bsize * bavail;
  const share = blocks === 0 ? 1 : bavail / blocks;
  const amount = `${amountOf(free)} (${Math.floor(share * 100)} %) is free in ${folder}`;
  const isLow = free < LEAST_BYTES || share < LEAST_SHARE;
  const network = NETWORK_FILE_SYSTEMS.get(type);
  return [
    isLow
      ? warning(`only ${amount}`, 'free some space: on a full disk, no request can be accepted and callers get a 503')
      : ok(amount),
    ...(network === undefined
      ? []
      : [
          problem(
            `${folder} is on ${network}, where SQLite can corrupt a database that several processes use`,
            'move the database to a local disk, or use PostgreSQL, MySQL or MariaDB',
          ),
        ]),
  ];
}

function amountOf(bytes: number): string {
  return bytes < 1e9 ? `${Math.floor(bytes / 1e6)} MB` : `${Math.floor(bytes / 1e9)} GB`;
}

function passwords({ passwords: sources }: Installation): readonly Finding[] {
  return sources
    .filter(({ kind }) => kind === 'flag')
    .map(({ place }) =>
      warning(
        `${place} contains a password, which other users of this machine can see in the list of processes`,
        'put it into the environment, or into a file with a variable that ends with _FILE; then change the password',
      ),
    );
}

function secretFile(path: string): readonly Finding[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || process.getuid === undefined) return [];
  const what = `${path} contains a password (${ownerAndMode(stats)})`;
  if ((stats.mode & BY_ANYONE) !== 0) {
    return [
      problem(
        `${what}, and every user of this machine can read it`,
        `run \`chmod o-r ${path}\`, and change the password`,
      ),
    ];
  }
  if ((stats.mode & BY_GROUP) !== 0) {
    return [
      hint(`${what}, and the group ${stats.gid} can read it`, `if that is not intended, run \`chmod g-r ${path}\``),
    ];
  }
  return [ok(`only its owner can read ${path}`)];
}
