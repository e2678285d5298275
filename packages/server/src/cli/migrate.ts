/** `ajwtd migrate`: brings the database up to date. */
import { defineCommand, note } from 'asymmetric-jwt-auth/internal/command-line';
import { readDatabase } from '../database/config.ts';
import { connectDatabase } from '../database/open.ts';
import { DATABASE_OPTION, readWords } from './with-directory.ts';

export const migrate = defineCommand({
  name: 'ajwtd migrate',
  usage: '',
  about: [
    'Makes the tables of a new database, or brings those of an older version up to date. A second time it does nothing.',
  ],
  options: DATABASE_OPTION,
  examples: ['ajwtd migrate', 'ajwtd migrate --database sqlite:/var/lib/ajwtd/ajwt.db'],
  async run({ database: url }, words, named) {
    readWords(words, []);
    const config = readDatabase(url, named('database'));
    const database = await connectDatabase(config, 'command');
    try {
      const done = await database.directory.migrate();
      for (const name of done) note(`${name}: done`);
      note(`${config.name} is up to date`);
    } finally {
      await database.close();
    }
    return 0;
  },
});
