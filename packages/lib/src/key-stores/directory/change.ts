/** Changes the directory in transactions that run one after another, and writes each change to the audit trail. */
import type { Kysely, Transaction } from 'kysely';
import { UnavailableError } from '../../core/contracts.ts';
import { retryWhileBusy } from '../../kysely/retry-while-busy.ts';
import type { DirectoryDialect } from './dialect.ts';
import type { AuditAction } from './directory.ts';
import type { DirectoryTables } from './tables.ts';

/** Maximum number of milliseconds that a change waits for the changes of other connections. */
const TIMEOUT_MS = 5000;

/** Adds an entry to the audit trail. It is written at the end of the transaction. */
export type Note = (action: AuditAction, subject: string, details?: Readonly<Record<string, unknown>>) => void;
type Work<T> = (transaction: Transaction<DirectoryTables>, note: Note) => Promise<T>;

/** Thrown if the audit trail cannot be written. */
class AuditFailure extends UnavailableError {}

/** @param now - returns seconds since the epoch */
export function changer(
  db: Kysely<DirectoryTables>,
  { mayTryAgain }: DirectoryDialect,
  now: () => number,
  actor: string,
) {
  function attempt<T>(work: Work<T>, isAudited: boolean): Promise<T> {
    return db.transaction().execute(async (transaction) => {
      // Updating this row locks the directory. So no other change interferes before the commit, and the audit trail is in the order of the
      // changes.
      await transaction
        .updateTable('ajwt_revision')
        .set((is) => ({ revision: is('revision', '+', 1) }))
        .execute();
      const entries: { at: number; actor: string; action: string; subject: string; details: string }[] = [];
      const at = now();
      const result = await work(transaction, (action, subject, details = {}) => {
        entries.push({ at, actor, action, subject, details: JSON.stringify(details) });
      });
      if (!isAudited || entries.length === 0) return result;
      try {
        await transaction.insertInto('ajwt_audit').values(entries).execute();
      } catch (error) {
        if (mayTryAgain(error)) throw error;
        throw new AuditFailure('nothing was changed, because the audit trail cannot be written', { cause: error });
      }
      return result;
    });
  }

  function change<T>(work: Work<T>, isAudited = true): Promise<T> {
    return retryWhileBusy(() => attempt(work, isAudited), TIMEOUT_MS, mayTryAgain);
  }

  return {
    change,

    /** Makes a change that withdraws access, even if the audit trail cannot be written. */
    async changeUrgently<T extends object>(work: Work<T>): Promise<T & { readonly audited: boolean }> {
      try {
        return { ...(await change(work)), audited: true };
      } catch (error) {
        if (!(error instanceof AuditFailure)) throw error;
        return { ...(await change(work, false)), audited: false };
      }
    },
  };
}

export type Changer = ReturnType<typeof changer>;
