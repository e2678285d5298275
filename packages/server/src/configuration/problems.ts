/** Finds all mistakes in the settings, where a command reports only the first. */
import { CommandError, type Settings } from 'ajwt-cli-kit';
import { emptyValues } from 'ajwt-cli-kit/sources';
import { readConfig, type ServeValues } from '../config.ts';
import { SERVE_OPTIONS } from '../serve-options.ts';

const EMPTY = emptyValues(SERVE_OPTIONS);

/** Returns the messages about all wrong values, each with the source of the value. */
export function wrongValues({ values, named }: Settings<typeof SERVE_OPTIONS>): readonly string[] {
  const found: string[] = [];
  const left = new Set(Object.keys(SERVE_OPTIONS) as (keyof typeof SERVE_OPTIONS)[]);
  for (let rest: ServeValues = values; ; ) {
    try {
      readConfig(rest, named);
      return found;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      const { message } = error;
      found.push(message);
      // The message begins with the source. Without this option, the next mistake appears.
      const wrong = [...left].find((name) => message.startsWith(`${named(name)}: `));
      if (wrong === undefined) return found;
      left.delete(wrong);
      rest = { ...rest, [wrong]: EMPTY[wrong] };
    }
  }
}
