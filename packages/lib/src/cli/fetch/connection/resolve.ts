/** Reads `--resolve`. */
import { isIP } from 'node:net';
import { CommandError } from 'ajwt-cli-kit/command-error';
import { BAD_RESOLVE } from '../exit-codes.ts';

/** Addresses to use for a host and port, instead of those from DNS. */
export interface Pinned {
  /** `*` for every host. */
  readonly host: string;
  readonly port: number;
  readonly addresses: readonly string[];
}

/** Reads the values of `--resolve`: `HOST:PORT:ADDRESS[,ADDRESS]…`. @throws CommandError with exit code 49, as in curl */
export function readResolve(given: readonly string[]): readonly Pinned[] {
  return given.map((one) => {
    const [, host = '', port = '', list = ''] = /^\+?([^:[\]\s]+):(\d{1,5}):(\S+)$/.exec(one) ?? [];
    const addresses = list.split(',').map((address) => address.replace(/^\[(.*)\]$/, '$1'));
    if (host === '' || !addresses.every((address) => isIP(address) !== 0)) {
      throw new CommandError('--resolve: must be HOST:PORT:ADDRESS[,ADDRESS]…', BAD_RESOLVE);
    }
    return { host: host.toLowerCase(), port: Number(port), addresses };
  });
}
