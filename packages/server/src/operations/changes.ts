/** Compares settings for a reload. */
import type { ServeValues } from '../config.ts';
import { membersOf, type Setting } from '../configuration/setting.ts';
import { type ShownValue, shownValue } from '../configuration/shown.ts';
import { SERVE_OPTIONS } from '../serve-options.ts';

/** A changed setting. Passwords in its values are masked. */
interface Change {
  readonly from: ShownValue;
  readonly to: ShownValue;
}

/** What a reload changes, by member. */
export interface Changes {
  readonly applied: Readonly<Record<string, Change>>;
  /** Changes that take effect only after a restart. */
  readonly needRestart: Readonly<Record<string, Change>>;
  /** The new values, except those that need a restart. */
  readonly values: ServeValues;
}

/** Compares the values that are in effect with those that a reload has read. */
export function changesBetween(old: ServeValues, next: ServeValues): Changes {
  const applied: Record<string, Change> = {};
  const needRestart: Record<string, Change> = {};
  const kept: Record<string, unknown> = {};
  for (const [name, setting] of membersOf(SERVE_OPTIONS)) {
    const member = name as keyof ServeValues;
    if (!setting.reloads) kept[name] = old[member];
    if (effective(setting, old[member]) === effective(setting, next[member])) continue;
    const change = { from: shownValue(setting, old[member]), to: shownValue(setting, next[member]) };
    (setting.reloads ? applied : needRestart)[name] = change;
  }
  return { applied, needRestart, values: { ...next, ...kept } };
}

/** Returns the unmasked value as text, to compare it. */
function effective({ default: fallback }: Setting, value: string | boolean | readonly string[] | undefined): string {
  return JSON.stringify(value ?? fallback ?? null);
}
