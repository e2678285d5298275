/** Time settings of the services and the load, in seconds. */

/** T and M of the services. They are small so that windows close within a round. */
export const TOLERANCE = 2;
export const MARGIN = 6;
export const TIMES = { tolerance: TOLERANCE, clockMargin: MARGIN } as const;

/** Maximum seconds from when its server responds again until a store works. */
export const RECOVERY = { process: 2, redis: 2, postgres: 5, mariadb: 5 } as const;

/** Maximum seconds until a store has checked its clock and the load has seen the result. */
export const LOOK = 0.5;
