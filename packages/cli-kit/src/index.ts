/** Code that the commands `ajwt` and `ajwtd` share. It is internal, and changes without notice. */

export { inTime } from '../../lib/src/core/in-time.ts';
export { parseIpAddress } from '../../lib/src/core/ip-address.ts';
export { isPromise } from '../../lib/src/core/maybe-promise.ts';
export { printable } from '../../lib/src/core/printable.ts';
export type { Command, CommandEntry, Member, Members, Option, Settings, Values } from './command.ts';
export { CommandError } from './command-error.ts';
export { completion } from './completion.ts';
export { defineCommand } from './define-command.ts';
export type { Io } from './io.ts';
export { isKeyText } from './key-text.ts';
export { main } from './main.ts';
export { refuseMoreWords } from './parse.ts';
export type { Program } from './program.ts';
export { readStandardInput } from './standard-input.ts';
