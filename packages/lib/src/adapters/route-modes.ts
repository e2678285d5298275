/** Merges the options of an adapter with those of single routes, in frameworks with one middleware for all routes. */
import { refuseUnknownMembers } from '../core/bind.ts';
import { checkOptions, type OptionKinds } from '../core/options.ts';
import type { RouteOptions } from './node.ts';

/** The options of a route. */
export interface ModeOptions extends RouteOptions {
  /** Also accepts requests without a credential; they have no identity. An invalid credential is still refused. */
  readonly optional?: boolean;
}

/** How one route is authenticated: `false` opens it, `optional` replaces the option of the adapter, and `require` adds to it. */
export type RouteMode = false | ModeOptions;

/** The kinds of {@link ModeOptions}. */
export const MODE_KINDS: OptionKinds<ModeOptions> = { require: 'array', optional: 'boolean' };

/** The modes of the routes of one adapter. */
export class RouteModes {
  readonly #options: ModeOptions;
  readonly #source: string;
  readonly #known = new WeakMap<object, ModeOptions>();

  /**
   * @param options - of the adapter, for routes without a mode
   * @param source - what errors call the mode of a route
   */
  constructor(options: ModeOptions, source: string) {
    this.#options = options;
    this.#source = source;
  }

  /**
   * Returns the options of a route, or `undefined` if the route is open.
   *
   * @param own - the mode of the route; `undefined` stands for the options of the adapter
   * @param route - the name of the route, for errors
   * @throws TypeError for a wrong mode, so that its route stays closed
   */
  of(own: RouteMode | undefined, route: string | null | undefined): ModeOptions | undefined {
    if (own === undefined) return this.#options;
    if (own === false) return undefined;
    const known = this.#known.get(own);
    if (known !== undefined) return known;
    try {
      checkOptions(own, MODE_KINDS);
      refuseUnknownMembers(own.require ?? []);
    } catch (cause) {
      const says = `${this.#source} must be false, or an object that may have require, optional`;
      throw new TypeError(`route ${route}: ${says}: ${(cause as Error).message}`, { cause });
    }
    const require = [...(this.#options.require ?? []), ...(own.require ?? [])];
    const mode = { optional: own.optional ?? this.#options.optional ?? false, require };
    this.#known.set(own, mode);
    return mode;
  }
}
