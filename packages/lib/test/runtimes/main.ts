/** Runs the suite on Node, Bun and Deno, and prints one line of JSON for each check: `main.ts API`. */
import { runSuite } from './suite.ts';

for (const result of await runSuite(process.argv[2] as string)) console.log(JSON.stringify(result));
