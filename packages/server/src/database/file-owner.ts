/** Describes the owner and the mode of files for messages. */
import { realpathSync, type Stats } from 'node:fs';
import { userInfo } from 'node:os';

/** @returns for example `owner root, mode 0600` */
export function ownerAndMode({ uid, mode }: Stats): string {
  return `owner ${nameOf(uid)}, mode ${(mode & 0o7777).toString(8).padStart(4, '0')}`;
}

/** Returns the name of the current user, or the number of another user, whose name Node cannot look up. */
export function nameOf(uid: number): string {
  if (uid === 0) return 'root';
  try {
    const present = userInfo();
    if (present.uid === uid) return present.username;
  } catch {
    // The system has no name for this user, as in many containers.
  }
  return String(uid);
}

/** Resolves the symbolic links in a path; returns the path itself if nothing exists there yet. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
