import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

// Without the projects of the base: they would run all other tests, and leave these out.
const { projects: _others, ...test } = base.test ?? {};

export default defineConfig({ ...base, test: { ...test, name: 'interop', include: ['test/interop/**/*.test.ts'] } });
