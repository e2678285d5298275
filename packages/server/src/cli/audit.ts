/** `ajwtd audit`: shows who changed what. */
import { defineCommand, type Io, printable } from 'ajwt-cli-kit';
import type { AuditEntry, AuditQuery, Directory } from 'asymmetric-jwt-auth/sql';
import { JSON_OPTION, jsonText, printJson } from './listing.ts';
import { DATABASE_OPTION, readCount, readWords, withDirectory } from './with-directory.ts';

/** Milliseconds between two queries. */
const PAUSE = 500;

export const audit = defineCommand({
  name: 'ajwtd audit',
  usage: '[USER] [--limit N] [--follow] [--json]',
  about: [
    'Shows who changed what, for one user or for all users, newest last. With --follow, keeps printing new changes until interrupted, and --json prints one object per line.',
  ],
  options: {
    ...DATABASE_OPTION,
    limit: { type: 'string', value: 'N', help: 'maximum number of entries, 1 to 1000 (default: 100)' },
    follow: { type: 'boolean', help: 'keep printing new changes' },
    ...JSON_OPTION,
  },
  examples: ['ajwtd audit', 'ajwtd audit guido --json', 'ajwtd audit --follow'],
  async run(values, { words, named, io }) {
    const [subject] = words.length === 0 ? [undefined] : readWords(words, ['USER']);
    const limit = values.limit === undefined ? 100 : readCount(values.limit, named('limit'));
    await withDirectory(io, values.database, named('database'), async (directory) => {
      const { items } = await directory.listAudit({ subject, limit, newest: true });
      if (values.json && !values.follow) printJson(io, items.map(asJson));
      else if (items.length === 0 && !values.follow) io.note('no changes yet');
      else {
        for (const entry of items) printEntry(io, entry, values.json);
        if (values.follow) await follow(io, directory, { subject, after: items.at(-1)?.id }, values.json);
      }
    });
    return 0;
  },
});

/** Prints new entries until SIGINT or SIGTERM. */
async function follow(io: Io, directory: Directory, query: AuditQuery, json: boolean): Promise<void> {
  let isStopped = false;
  const stopped = new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) {
      process.once(name, () => {
        isStopped = true;
        resolve();
      });
    }
  });
  for (let { after } = query; !isStopped; ) {
    const { items } = await directory.listAudit({ ...query, after, limit: 1000 });
    for (const entry of items) printEntry(io, entry, json);
    after = items.at(-1)?.id ?? after;
    await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, PAUSE))]);
  }
}

function asJson({ id, at, ...rest }: AuditEntry) {
  return { id, time: new Date(at * 1000).toISOString(), ...rest };
}

function printEntry(io: Io, entry: AuditEntry, json: boolean): void {
  if (json) {
    io.print(jsonText(asJson(entry)));
    return;
  }
  const details = Object.entries(entry.details).map(([name, value]) => `${name}=${textOf(value)}`);
  const time = new Date(entry.at * 1000).toISOString().replace(/\.\d+/, '');
  const words = [time, entry.actor, entry.action, entry.subject, ...details].map((word) => printable(word));
  io.print([io.paint('dim', words[0] as string), ...words.slice(1)].join('  '));
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
