/** Manages the epoch of an SQL database: its recorded incarnation and its floor. Checks whether the database is safe for claims. */
import { randomText } from '#engine';
import { UnavailableError } from '../../core/contracts.ts';
import { checkTimes } from '../shared/check-times.ts';
import { firstFloor } from '../shared/floor.ts';
import { Groups } from '../shared/group.ts';
import { LATE, pause, type RunStatement, type SqlDatabase, type SqlValues, statementRunner } from './database.ts';
import type { SqlNonceDialect } from './dialect.ts';
import { type Insertion, insertGroup, type Place, type SqlClaim } from './insert-group.ts';
import type { SqlSettings } from './options.ts';

/** Time limit in milliseconds for `open`, and for statements that no request waits for. */
const PATIENCE_MS = 2000;
/** Maximum number of records that one statement deletes. */
const DELETED_AT_ONCE = 500;
/** Seconds by which a database may round the floor that it returns. */
const ROUNDING = 0.001;

/** What a database returns about a record and its epoch. */
export interface Looked {
  readonly floor: number;
  readonly used: boolean;
  /** Whether the recorded incarnation is the current one, and the floor has not fallen. */
  readonly whole: boolean;
  /** Whether the connection can write and has no open transaction. */
  readonly alone: boolean;
}

/** The epoch of one database. Times are in seconds since 1970; each `end` is a deadline by `performance.now()`. */
export class Epoch {
  readonly #dialect: SqlNonceDialect;
  readonly #settings: SqlSettings;
  readonly #run: RunStatement;
  /** Seconds for which a record is kept. */
  readonly #keep: number;
  readonly #groups: Groups<SqlClaim, Insertion>;
  /** Whether the server can insert a group of records with one statement. */
  #isGrouping = true;
  #seen = 0;
  #fault: string | undefined;
  #settling: Promise<void> | undefined;
  #tidiedAt = Number.NEGATIVE_INFINITY;

  constructor(database: SqlDatabase, dialect: SqlNonceDialect, settings: SqlSettings) {
    this.#dialect = dialect;
    this.#settings = settings;
    this.#run = statementRunner(database, dialect);
    this.#keep = settings.tolerance + settings.clockMargin;
    this.#groups = new Groups((claims, end) => this.#insert(claims, end), GROUPS);
  }

  /** The latest floor that this process has seen. If the database has a lower one, it has lost data. */
  get seen(): number {
    return this.#seen;
  }

  /** Creates missing tables, checks that the database is safe, and raises the floor if claims may be lost. */
  async open(now: number): Promise<void> {
    // Looks for existing tables first, because the role may not have permission to create tables.
    const existing = await this.#row(NOWHERE, now, patience()).catch(() => undefined);
    if (existing === undefined) {
      for (const statement of this.#dialect.create) await this.#run(statement, {}, patience());
      await this.#wake(patience());
      const floor = Math.max(0, firstFloor(now, this.#settings.rise));
      await this.#run(this.#dialect.first, this.#values(now, { floor }), patience());
    }
    await this.#findFault();
    this.refuseFault();
    await this.#probe();
    await this.settle(now);
  }

  /** Checks the database between claims, so that no request has to wait until a loss is handled. */
  async watch(now: number): Promise<Looked> {
    await this.#findFault();
    this.refuseFault();
    const looked = await this.look(NOWHERE, now, patience());
    if (looked.whole) this.#seen = Math.max(this.#seen, looked.floor);
    else await this.settle(now);
    return looked;
  }

  /** Returns the floor, even if a loss has not been handled yet. */
  async floor(now: number, end = patience()): Promise<number> {
    return (await this.look(NOWHERE, now, end)).floor;
  }

  /** Handles a loss: raises the floor to the later of both clocks. After a restart of the database, one process does this for all. */
  settle(now: number): Promise<void> {
    this.#settling ??= this.#settle(now).finally(() => {
      this.#settling = undefined;
    });
    return this.#settling;
  }

  async #settle(now: number): Promise<void> {
    await this.#wake(patience());
    // Not every database can store -Infinity.
    const ahead = Math.max(Number.MIN_SAFE_INTEGER, this.#settings.rise);
    await this.#run(this.#dialect.settle, this.#values(now, { ahead }), patience());
    this.#seen = await this.floor(now);
  }

  /** Inserts a record. If the database can, one statement also inserts the records of concurrent claims. */
  async claim(claim: SqlClaim, end: number): Promise<Insertion> {
    checkTimes(claim.time, claim.now);
    return this.#isGrouping ? this.#groups.add(claim, end) : this.#insertOne(claim, end);
  }

  async #insertOne({ time, key, now }: SqlClaim, end: number): Promise<Insertion> {
    const { numAffectedRows } = await this.#run(this.#dialect.claim, this.#values(now, { time, key }), end);
    return numAffectedRows === 1n ? 'inserted' : 'refused';
  }

  async #insert(claims: readonly SqlClaim[], end: number): Promise<Insertion[]> {
    const [first] = claims;
    if (first !== undefined && claims.length === 1) return [await this.#insertOne(first, end)];
    const values = this.#values(Number.NaN);
    return insertGroup(claims, (rows) => this.#run(this.#dialect.group.claim, values, end, rows));
  }

  async #probe(): Promise<void> {
    const { probe } = this.#dialect.group;
    if (probe === undefined) return;
    const { rows } = await this.#run(probe, {}, patience());
    this.#isGrouping = Number((rows as { readonly possible: unknown }[])[0]?.possible) === 1;
  }

  /**
   * Looks for a record.
   *
   * @throws UnavailableError if the epoch is missing, or if the record is missing and the clocks are too far apart
   */
  async look(place: Place, now: number, end: number): Promise<Looked> {
    const row = await this.#row(place, now, end);
    if (row === undefined) {
      throw new UnavailableError('the nonce tables were emptied; restore them, or drop them all');
    }
    // Databases return booleans and fractions in different types.
    const is = (name: string) => Boolean(Number(row[name]));
    const floor = Number(row.floor);
    if (!is('used')) this.#refuseGap(now - Number(row.clock));
    return { floor, used: is('used'), whole: is('same') && floor >= this.#seen - ROUNDING, alone: is('alone') };
  }

  /** Lowers a floor that no correct clock can have set, if the database still has it. */
  async lower(floor: number, now: number, end: number): Promise<void> {
    const values = this.#values(now, { least: floor - ROUNDING, most: floor + ROUNDING });
    await this.#run(this.#dialect.lower, values, end);
    this.#seen = 0;
  }

  /** Deletes expired records, at most once a second and a few at a time. Raises the floor first, in a separate transaction. */
  async tidy(now: number, signal: AbortSignal): Promise<void> {
    if (Math.floor(now) === this.#tidiedAt) return;
    this.#tidiedAt = Math.floor(now);
    await this.#run(this.#dialect.raise, this.#values(now), patience());
    // A claim in flight may have read the previous floor. After this pause, no such claim is left.
    if (!this.#dialect.local) await pause(2 * this.#settings.deadlineMs, signal);
    const most = DELETED_AT_ONCE;
    for (let deleted = most; deleted === most && !signal.aborted; ) {
      const { numAffectedRows } = await this.#run(this.#dialect.forget, this.#values(now, { most }), patience());
      deleted = Number(numAffectedRows ?? 0n);
    }
  }

  /** @throws UnavailableError if the database could lose claims because of its configuration */
  refuseFault(): void {
    if (this.#fault !== undefined) throw new UnavailableError(`the database is not safe for claims: ${this.#fault}`);
  }

  async #findFault(): Promise<void> {
    if (this.#dialect.faults === undefined) return;
    const { rows } = await this.#run(this.#dialect.faults, {}, patience());
    this.#fault = (rows as { readonly fault: string }[])[0]?.fault;
  }

  #refuseGap(ahead: number): void {
    if (this.#dialect.local || Math.abs(ahead) <= this.#settings.gap) return;
    const by = `${Math.abs(ahead).toFixed(1)} s ${ahead > 0 ? 'ahead of' : 'behind'}`;
    throw new UnavailableError(`this machine's clock is ${by} the database's; set both clocks`);
  }

  async #wake(end: number): Promise<void> {
    if (this.#dialect.wake !== undefined) await this.#run(this.#dialect.wake, { life: randomText(16) }, end);
  }

  async #row(place: Place, now: number, end: number): Promise<Readonly<Record<string, unknown>> | undefined> {
    const { rows } = await this.#run(this.#dialect.look, this.#values(now, { ...place }), end);
    return rows[0] as Readonly<Record<string, unknown>> | undefined;
  }

  #values(now: number, others: SqlValues = {}): SqlValues {
    const { gap, life, deadlineMs } = this.#settings;
    return { now, gap, life, limit: `${deadlineMs / 1000}`, keep: this.#keep, seen: this.#seen - ROUNDING, ...others };
  }
}

/** The larger a group, the less a commit costs each claim. A second group would only share the work of the first. */
const GROUPS = { maxItems: 256, maxInFlight: 1, ...LATE } as const;

function patience(): number {
  return performance.now() + PATIENCE_MS;
}

/** The key of a record that never exists, so that `look` returns only the epoch. */
const NOWHERE: Place = { time: 0, key: new Uint8Array(16) };
