/** Reads the configuration file again while the server runs. */
import { CommandError, type Settings } from 'ajwt-cli-kit';
import type { Logger } from 'pino';
import { ConfigFileError } from '../configuration/file.ts';
import { wrongValues } from '../configuration/problems.ts';
import { LOG_LEVELS, type SERVE_OPTIONS } from '../serve-options.ts';
import { changesBetween } from './changes.ts';
import { checkSettings, type ServerSettings } from './settings.ts';

/** The parts of a reload. */
export interface ReloadParts {
  /** The settings that the server was started with. */
  readonly settings: ServerSettings;
  /** Reads the configuration file again. */
  readonly readAgain: () => Promise<Settings<typeof SERVE_OPTIONS>>;
  /** Uses the new settings, except for the level of the log. It must not fail. */
  readonly apply: (settings: ServerSettings) => void | Promise<void>;
  readonly log: Logger;
}

/**
 * Makes a function that reloads the configuration. It checks everything before it changes anything: if the file has a mistake, the server
 * keeps its settings, and all mistakes are logged.
 */
export function reloader({ settings: first, readAgain, apply, log }: ReloadParts): () => Promise<void> {
  let current = first;

  async function reload(): Promise<void> {
    const read = await readAgain();
    const problems = wrongValues(read);
    if (problems.length > 0) return refuse(problems);
    const { applied, needRestart, values } = changesBetween(current.values, read.values);
    const next = await checkSettings({ values, named: read.named });
    await apply(next);
    const configFile = values.config ?? null;
    const { logLevel } = next.config;
    // These lines are logged if either the old or the new level includes them.
    if (LOG_LEVELS.indexOf(logLevel) < LOG_LEVELS.indexOf(current.config.logLevel)) log.level = logLevel;
    log.info({ configFile, changes: applied, publishedKeys: next.keys.length }, 'configuration reloaded');
    if (Object.keys(needRestart).length > 0) log.warn({ changes: needRestart }, 'these changes need a restart');
    log.level = logLevel;
    current = next;
  }

  function refuse(problems: readonly string[]): void {
    log.error({ problems }, 'configuration not reloaded; the old settings stay in effect');
  }

  return async () => {
    try {
      await reload();
    } catch (error) {
      if (error instanceof ConfigFileError) refuse(error.problems);
      else refuse([error instanceof CommandError ? error.message : `unexpected ${String(error)}`]);
    }
  };
}
