/** Times of the services and of the load, in seconds. */

/** T and M of the services, in seconds: small, so that windows close within a round. */
export const TOLERANCE = 2;
export const MARGIN = 6;
export const TIMES = { tolerance: TOLERANCE, margin: MARGIN } as const;

/** Seconds in which a store must serve again after its server answers, where nothing else is said. */
export const RECOVERY = { process: 2, redis: 2, postgres: 5, mariadb: 5 } as const;

/** Seconds that a store takes at most to look at its clock, and the load, which asks the servers in turns, to see what came of it. */
export const LOOK = 0.5;
