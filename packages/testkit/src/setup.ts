/** Runs before the tests of each file (vitest.config.ts). */
import { afterAll } from 'vitest';
import { cleanUp } from './after-file.ts';

afterAll(cleanUp);
