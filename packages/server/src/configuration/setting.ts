/** An option of `ajwtd serve`. Its environment variable, its member in the file and its documentation are derived from these facts. */
import type { Option } from 'ajwt-cli-kit';

export interface Setting extends Option {
  readonly env: string;
  /** The value if no source gives one. */
  readonly default?: string;
  /** Smallest and largest value of an option that is a number. */
  readonly range?: readonly [min: number, max: number];
  /** Whether the number must be whole. */
  readonly isWhole?: true;
  /** Whether a reload changes it. Other changes need a restart. */
  readonly reloads?: true;
}

/** Settings by name. */
export type SettingTable = Readonly<Record<string, Setting>>;

/** Returns the settings that a configuration file can contain: all except the name of the file itself. */
export function membersOf(settings: SettingTable): readonly (readonly [name: string, setting: Setting])[] {
  return Object.entries(settings).filter(([, { members }]) => members === undefined);
}
