/** `ajwtd doctor`: examines a whole installation, or with `--django` the database of a Django site. */
import { CommandError, defineCommand, type Io, printable, type Settings } from 'ajwt-cli-kit';
import { fileVariable } from 'ajwt-cli-kit/sources';
import { type Config, readConfig } from '../config.ts';
import { wrongValues } from '../configuration/problems.ts';
import type { Setting } from '../configuration/setting.ts';
import { type Finding, findingsOf, isAlarming, type Level } from '../operations/doctor/finding.ts';
import type { Installation } from '../operations/doctor/installation.ts';
import { SERVE_OPTIONS } from '../serve-options.ts';
import { examineDjango } from './doctor-django.ts';
import { JSON_OPTION, printJson } from './listing.ts';
import { readWords } from './with-directory.ts';

/** The options that only `--django` has. */
const DJANGO_OPTIONS = {
  'users-table': { type: 'string', value: 'TABLE', help: 'with --django: table of users (default: auth_user)' },
  'username-column': {
    type: 'string',
    value: 'COLUMN',
    help: 'with --django: column of usernames (default: username)',
  },
  'id-column': { type: 'string', value: 'COLUMN', help: 'with --django: column of the primary key (default: id)' },
} as const;

export const doctor = defineCommand({
  name: 'ajwtd doctor',
  usage: '[OPTIONS OF serve] [--url URL] [--django] [--json]',
  about: [
    'Examines an installation, and says for each problem what to do: configuration, files, database, nonce store, clock, keys, JWK sets, the running server, and with --url the proxy in front of it. Pass the options and the environment of `ajwtd serve`, and run it as the same user.',
    'With --django, reads the database of a Django site that uses the Python package asymmetric_jwt_auth, and lists the rows that would stop working with ajwtd: unsupported keys, keys shared by several users, invalid usernames, inactive users, and JWK sets that would not be fetched.',
    'Changes nothing, and prints no secret. To examine JWK sets, it fetches them; with --url, it sends requests that are refused.',
  ],
  options: {
    ...SERVE_OPTIONS,
    url: {
      type: 'string',
      value: 'URL',
      help: 'URL of a protected path, as callers use it, to examine the proxy in front of the server',
    },
    django: { type: 'boolean', help: 'examine the database of a Django site instead' },
    ...DJANGO_OPTIONS,
    ...JSON_OPTION,
  },
  exitCodes: [
    ['0', 'nothing needs attention; there may be hints'],
    ['1', 'there are problems or warnings, or the command failed'],
  ],
  examples: [
    'ajwtd doctor --config /etc/ajwtd.yaml',
    'ajwtd doctor --config /etc/ajwtd.yaml --url https://api.example.com/v1/me',
    'ajwtd doctor --django --database sqlite:/srv/site/db.sqlite3',
  ],
  async run(values, invocation) {
    readWords(invocation.words, []);
    const { io, named } = invocation;
    if (values.django) {
      if (values.url !== undefined) throw new CommandError('--url cannot be combined with --django');
      return examineDjango(values, named('database'), io);
    }
    for (const option of Object.keys(DJANGO_OPTIONS) as (keyof typeof DJANGO_OPTIONS)[]) {
      if (values[option] !== undefined) throw new CommandError(`--${option} needs --django`);
    }
    const url = readUrl(values.url);
    const wrong = wrongValues(invocation);
    const findings = wrong.length > 0 ? wrong.map(asFinding) : await examine(invocation, url);
    if (values.json) printJson(io, findings);
    else printFindings(findings, io);
    return findings.some(isAlarming) ? 1 : 0;
  },
});

function asFinding(message: string): Finding {
  return findingsOf('configuration').problem(message, 'correct it first; the other checks need valid settings');
}

async function examine(
  { values, named, sources, io }: Settings<typeof SERVE_OPTIONS> & { readonly io: Io },
  url: URL | undefined,
): Promise<readonly Finding[]> {
  const { examineInstallation } = await import('../operations/doctor/examine.ts');
  const config = readConfig(values, named);
  const secrets = Object.entries<Setting>(SERVE_OPTIONS).filter(([, { secret }]) => secret);
  const installation: Installation = {
    config,
    configFile: values.config,
    secretFiles: secrets.flatMap(([name, { env }]) => {
      const variable = fileVariable(env);
      return sources.get(name)?.place === variable ? [io.env[variable] as string] : [];
    }),
    passwords: secrets.flatMap(([name]) => {
      const source = sources.get(name);
      return source !== undefined && hasPassword(name, config) ? [source] : [];
    }),
    url,
  };
  return examineInstallation(installation);
}

function hasPassword(option: string, { database, nonces }: Config): boolean {
  if (option === 'database') return database.kind !== 'sqlite' && database.password !== undefined;
  return nonces.kind === 'redis' && nonces.password !== undefined;
}

function readUrl(text: string | undefined): URL | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url?.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (isPlain && (url.protocol === 'https:' || url.protocol === 'http:')) return url;
  throw new CommandError('--url: must be https://HOST/PATH, without a username, query or fragment');
}

const SIGNS: Readonly<Record<Level, readonly [sign: string, style: 'green' | 'cyan' | 'yellow' | 'red']>> = {
  ok: ['✓', 'green'],
  hint: ['·', 'cyan'],
  warning: ['!', 'yellow'],
  problem: ['✗', 'red'],
};

function printFindings(findings: readonly Finding[], io: Io): void {
  const widest = Math.max(...findings.map(({ check }) => check.length));
  for (const { check, level, what, todo } of findings) {
    const [sign, style] = SIGNS[level];
    const head = `${sign} ${level.padEnd(LONGEST)}`;
    io.print(`${io.paint(style, head)}  ${check.padEnd(widest)}  ${safe(what)}`);
    if (todo !== undefined) io.print(`${' '.repeat(head.length + widest + 4)}${io.paint('dim', `→ ${safe(todo)}`)}`);
  }
  const count = (level: Level) => findings.filter((finding) => finding.level === level).length;
  const alarming = findings.filter(isAlarming).length;
  io.note(
    alarming === 0
      ? 'nothing needs attention'
      : `problems: ${count('problem')}, warnings: ${count('warning')}, hints: ${count('hint')}`,
  );
}

const LONGEST = 'problem'.length;

/** A finding may contain names that others have chosen. */
function safe(text: string): string {
  return printable(text, text.length);
}
