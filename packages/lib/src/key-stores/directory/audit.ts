/** Reads the audit trail. */
import type { AuditAction, AuditEntry, Directory } from './directory.ts';
import { pageOf, readLimit, readNumber, readText, rowsFor } from './pages.ts';
import type { Connection } from './rows.ts';

export function auditOf(db: Connection): Pick<Directory, 'listAudit'> {
  return {
    async listAudit(query = {}) {
      const limit = readLimit(query);
      const newest = query.newest === true;
      let entries = db
        .selectFrom('ajwt_audit')
        .selectAll()
        .where('id', '>', readNumber(query.after))
        .orderBy('id', newest ? 'desc' : 'asc');
      if (query.subject !== undefined) entries = entries.where('subject', '=', readText('subject', query.subject));
      const rows = await rowsFor(db, [query.subject], entries.limit(newest ? limit : limit + 1));
      return pageOf(newest ? rows.reverse() : rows, limit, entryOf, ({ id }) => String(id));
    },
  };
}

function entryOf(row: {
  id: number;
  at: number;
  actor: string;
  action: string;
  subject: string;
  details: string;
}): AuditEntry {
  const { id, at, actor, action, subject, details } = row;
  return { id: String(id), at, actor, action: action as AuditAction, subject, details: JSON.parse(details) };
}
