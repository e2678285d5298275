/** The environment variables of `ajwtd`: one for each option of `serve`, and another for each secret; other commands use them too. */
import { fileVariable } from 'ajwt-cli-kit/sources';
import type { Setting } from '../configuration/setting.ts';
import { SERVE_OPTIONS } from '../serve-options.ts';

/** Variables that Kubernetes sets in every container if a service is called ajwtd. No option may use such a name. */
const OF_AJWTD = /^AJWTD_(?:SERVICE_|PORT$|PORT_)/;

/** Variables that Kubernetes sets for services such as ajwtd-admin, and their values. */
const SERVICE_LINKS: readonly (readonly [name: RegExp, value: RegExp])[] = [
  [/_SERVICE_HOST$|_PORT_\d+_[A-Z]+_ADDR$/, /^[\d.]+$|^[\da-f:]+$/i],
  [/_SERVICE_PORT(?:_[A-Z\d_]+)?$|_PORT_\d+_[A-Z]+_PORT$/, /^\d{1,5}$/],
  [/_PORT(?:_\d+_[A-Z]+)?$/, /^(?:tcp|udp|sctp):\/\//],
  [/_PORT_\d+_[A-Z]+_PROTO$/, /^(?:tcp|udp|sctp)$/],
];

/** The value must fit too: a misspelled option could have such a name. */
function isServiceLink(name: string, value: string): boolean {
  return SERVICE_LINKS.some(([nameForm, valueForm]) => nameForm.test(name) && valueForm.test(value));
}

export const VARIABLES = {
  prefix: 'AJWTD_',
  known: Object.values<Setting>(SERVE_OPTIONS).flatMap(({ env, secret }) =>
    secret ? [env, fileVariable(env)] : [env],
  ),
  isOther: (name: string, value: string) => OF_AJWTD.test(name) || isServiceLink(name, value),
  unknown: 'refuse',
} as const;
