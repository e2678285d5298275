#!/usr/bin/env node
/** The client command `ajwt`. */
import { main, report } from './main.ts';
import { endQuietlyWithReader } from './terminal.ts';

endQuietlyWithReader();
process.on('uncaughtException', (error) => process.exit(report(error)));
process.exitCode = await main(process.argv.slice(2));
