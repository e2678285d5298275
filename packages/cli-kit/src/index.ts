/** What the commands `ajwt` and `ajwtd` are made of. Not meant for others: it changes without notice. */

export { printable } from 'asymmetric-jwt-auth';
export { parseIpAddress } from '../../lib/src/core/ip-address.ts';
export type { Command, Options, Values } from './command.ts';
export { CommandError } from './command-error.ts';
export { completion } from './completion.ts';
export { defineCommand } from './define-command.ts';
export { isKeyText } from './key-text.ts';
export { refuseMoreWords } from './parse.ts';
export { type CommandEntry, type Program, report, runProgram } from './program.ts';
export { readStandardInput } from './standard-input.ts';
export { complain, endQuietlyWithReader, note, paint, print } from './terminal.ts';
