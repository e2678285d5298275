import { spawnSync } from 'node:child_process';

/** The user `nobody`. */
const NOBODY = 65_534;

/**
 * Whether the tests can run programs of this checkout as another user. They must run as root, and other users must be able to enter the
 * folders of the checkout, unlike those in root's home.
 */
export const canRunAsOthers =
  process.getuid?.() === 0 && spawnSync(process.execPath, ['--version'], { uid: NOBODY, cwd: '/' }).status === 0;

/** How `canRunAsOthers` is named in skipped tests. */
export const NEEDS_OTHERS = '(needs root, and a checkout that other users can read)';
