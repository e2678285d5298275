/** `ajwtd migrate`: creates or updates the database tables. */
import { defineCommand } from 'ajwt-cli-kit';
import { directoryMigrationSql } from 'asymmetric-jwt-auth/sql';
import { readDatabase } from '../database/config.ts';
import { connectDatabase } from '../database/open.ts';
import { DATABASE_OPTION, readWords } from './with-directory.ts';

export const migrate = defineCommand({
  name: 'ajwtd migrate',
  usage: '[--print]',
  about: [
    'Creates the tables of a new database, or updates the tables of an older version. Running it again changes nothing.',
  ],
  options: {
    ...DATABASE_OPTION,
    print: { type: 'boolean', help: 'print the SQL for this kind of database, without connecting to it' },
  },
  examples: [
    'ajwtd migrate',
    'ajwtd migrate --print --database postgres://ajwtd@db/users',
    'ajwtd migrate --database sqlite:/var/lib/ajwtd/ajwt.db',
  ],
  async run({ database: url, print: isPrinted }, { words, named, io }) {
    readWords(words, []);
    const config = readDatabase(url, named('database'));
    if (isPrinted) {
      io.print(directoryMigrationSql(config.kind).trimEnd());
      return 0;
    }
    const database = await connectDatabase(config, 'command');
    try {
      const done = await database.directory.migrate();
      for (const name of done) io.note(`${name}: done`);
      io.note(`${config.name} is up to date`);
    } finally {
      await database.close();
    }
    return 0;
  },
});
