/** Keeps the process small under load (docs/BENCHMARKS.md). Almost all objects of a request become garbage when it ends. */
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Bytes up to which the young generation grows. V8 would let it grow to 128 MB on a machine with enough memory. */
const YOUNG_GENERATION = 16 * 1024 * 1024;
/** Percent by which the old generation grows before V8 collects its garbage. V8 would let it quadruple. */
const OLD_GENERATION_GROWTH = 50;

/**
 * Limits how far V8 lets the heap grow before it collects garbage. Unlike command-line flags, this also works if another program starts the
 * process. The heap may still grow to any size that live objects need.
 */
export function limitHeapGrowth(): void {
  setFlagsFromString(`--heap-growing-percent=${OLD_GENERATION_GROWTH}`);
  let mayGrow = true;
  const look = () => {
    const hasRoom = youngGeneration() < YOUNG_GENERATION;
    if (hasRoom === mayGrow) return;
    mayGrow = hasRoom;
    // V8 multiplies the size by this factor when many objects survive. It makes the young generation smaller when the process is idle.
    setFlagsFromString(`--semi-space-growth-factor=${mayGrow ? 2 : 1}`);
  };
  // The young generation only grows during a garbage collection.
  new PerformanceObserver(look).observe({ entryTypes: ['gc'] });
}

/** Returns the size of the young generation, in bytes. */
function youngGeneration(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
}
