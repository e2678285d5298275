/** The epoch of an SQL database: which life of it is recorded, up to where it may have forgotten, and whether it is fit for claims. */
import { randomText } from '#engine';
import { UnavailableError } from '../../core/contracts.ts';
import { type SqlDatabase, type SqlValues, sleep, statementRunner } from './database.ts';
import type { SqlNonceDialect } from './dialect.ts';
import type { readSqlOptions } from './options.ts';

/** Milliseconds for opening, before anything is served, and for what nobody waits for. */
const PATIENCE = 2000;
/** Records that one transaction deletes. */
const DELETED_AT_ONCE = 500;
/** By this much a database may round the floor that it tells, in seconds. */
const ROUNDED = 0.001;

/** What a record is found by. */
interface Place {
  readonly time: number;
  readonly key: Uint8Array;
}

/** What a database says of a record, and of itself. */
export interface Looked {
  readonly floor: number;
  readonly used: boolean;
  /** Whether its life is the recorded one, and its floor has not fallen. */
  readonly whole: boolean;
  /** Whether a statement is a transaction of its own, and may write. */
  readonly alone: boolean;
}

/** The end of a time limit, by `performance.now()`. */
const patience = () => performance.now() + PATIENCE;

/** Every time is in seconds since the epoch, every `end` by `performance.now()`. */
export class Epoch {
  readonly #dialect: SqlNonceDialect;
  readonly #options: ReturnType<typeof readSqlOptions>;
  readonly #run: ReturnType<typeof statementRunner>;
  readonly #keep: number;
  #seen = 0;
  #fault: string | undefined;
  #settling: Promise<void> | undefined;
  #tidiedAt = Number.NEGATIVE_INFINITY;

  constructor(database: SqlDatabase, dialect: SqlNonceDialect, options: ReturnType<typeof readSqlOptions>) {
    this.#dialect = dialect;
    this.#options = options;
    this.#run = statementRunner(database, dialect);
    this.#keep = options.tolerance + options.margin;
  }

  /** The latest floor that was seen: where it lies lower, the database lost something. */
  get seen(): number {
    return this.#seen;
  }

  /** Makes what is not there, refuses an unsafe database, and settles what may be lost. */
  async open(now: number): Promise<void> {
    // Who may not make tables may use those that are there.
    const there = await this.#row(NOWHERE, now, patience()).catch(() => undefined);
    if (there === undefined) {
      for (const statement of this.#dialect.create) await this.#run(statement, {}, patience());
      await this.#wake(patience());
      const floor = this.#options.loss.firstFloor(now);
      await this.#run(this.#dialect.first, this.#values(now, { floor }), patience());
    }
    await this.#findFault();
    this.refuseFault();
    await this.settle(now);
  }

  /** Looks after the database while nobody claims: what is found then costs no request. */
  async watch(now: number): Promise<Looked> {
    await this.#findFault();
    this.refuseFault();
    const looked = await this.look(NOWHERE, now, patience());
    if (looked.whole) this.#seen = Math.max(this.#seen, looked.floor);
    else await this.settle(now);
    return looked;
  }

  /** The floor alone, whatever else is to be settled. */
  async floor(now: number, end = patience()): Promise<number> {
    return (await this.look(NOWHERE, now, end)).floor;
  }

  /** Once for each life of the database, whoever comes first: the floor rises to the later of its clock and this one. */
  settle(now: number): Promise<void> {
    this.#settling ??= this.#settle(now).finally(() => {
      this.#settling = undefined;
    });
    return this.#settling;
  }

  async #settle(now: number): Promise<void> {
    await this.#wake(patience());
    await this.#run(this.#dialect.settle, this.#values(now, { ahead: this.#options.loss.ahead }), patience());
    this.#seen = await this.floor(now);
  }

  /** Whether this claim inserted its record. */
  async claim(place: Place, now: number, end: number): Promise<boolean> {
    const { numAffectedRows } = await this.#run(this.#dialect.claim, this.#values(now, { ...place }), end);
    return numAffectedRows === 1n;
  }

  /** @throws UnavailableError if there is no epoch; if the record is not there, also where the clocks lie too far apart */
  async look(place: Place, now: number, end: number): Promise<Looked> {
    const row = await this.#row(place, now, end);
    if (row === undefined)
      throw new UnavailableError('the nonce tables were emptied; restore them, or remove them all');
    // Databases and drivers differ in what a truth or a fraction is.
    const is = (name: string) => Boolean(Number(row[name]));
    const floor = Number(row.floor);
    if (!is('used')) this.#refuseGap(now - Number(row.clock));
    return { floor, used: is('used'), whole: is('same') && floor >= this.#seen - ROUNDED, alone: is('alone') };
  }

  /** Lowers a floor that no right clock can have set, if it is still this one. */
  async lower(floor: number, now: number, end: number): Promise<void> {
    const values = this.#values(now, { least: floor - ROUNDED, most: floor + ROUNDED });
    await this.#run(this.#dialect.lower, values, end);
    this.#seen = 0;
  }

  /** Once a second, forgets what no token can come from any more, a little at a time: the floor rises first, in a transaction of its own. */
  async tidy(now: number): Promise<void> {
    if (Math.floor(now) === this.#tidiedAt) return;
    this.#tidiedAt = Math.floor(now);
    await this.#run(this.#dialect.raise, this.#values(now), patience());
    // No claim is under way for so long that it could have seen the floor before.
    if (!this.#dialect.local) await sleep(2 * this.#options.deadline);
    const most = DELETED_AT_ONCE;
    for (let deleted = most; deleted === most; ) {
      const { numAffectedRows } = await this.#run(this.#dialect.forget, this.#values(now, { most }), patience());
      deleted = Number(numAffectedRows ?? 0n);
    }
  }

  /** @throws UnavailableError while the database is set so that it may lose claims */
  refuseFault(): void {
    if (this.#fault !== undefined) throw new UnavailableError(`the database is not safe for claims: ${this.#fault}`);
  }

  async #findFault(): Promise<void> {
    if (this.#dialect.faults === undefined) return;
    const { rows } = await this.#run(this.#dialect.faults, {}, patience());
    this.#fault = (rows as { readonly fault: string }[])[0]?.fault;
  }

  #refuseGap(ahead: number): void {
    if (this.#dialect.local || Math.abs(ahead) <= this.#options.gap) return;
    const by = `${Math.abs(ahead).toFixed(1)} s ${ahead > 0 ? 'ahead of' : 'behind'}`;
    throw new UnavailableError(`this machine's clock is ${by} the database's; set both right`);
  }

  async #wake(end: number): Promise<void> {
    if (this.#dialect.wake !== undefined) await this.#run(this.#dialect.wake, { life: randomText(16) }, end);
  }

  async #row(place: Place, now: number, end: number): Promise<Readonly<Record<string, unknown>> | undefined> {
    const { rows } = await this.#run(this.#dialect.look, this.#values(now, { ...place }), end);
    return rows[0] as Readonly<Record<string, unknown>> | undefined;
  }

  #values(now: number, others: SqlValues = {}): SqlValues {
    const { gap, life, deadline } = this.#options;
    return { now, gap, life, limit: `${deadline / 1000}`, keep: this.#keep, seen: this.#seen - ROUNDED, ...others };
  }
}

/** To ask for the epoch alone. */
const NOWHERE: Place = { time: 0, key: new Uint8Array(16) };
