/** The contract of bodies holds on other versions of Node, and on Bun and Deno. */
import { OTHER_NODES } from 'ajwt-testkit/nodes';
import { mustRun } from 'ajwt-testkit/run';
import { RUNTIMES } from 'ajwt-testkit/runtimes';
import { bodyContract } from 'asymmetric-jwt-auth/testing';
import { expect, test } from 'vitest';

const SCRIPT = `${import.meta.dirname}/bodies-on-runtime.ts`;
const NAMES = bodyContract({ start: () => ({ url: '', close() {} }) }).map(({ name }) => name);

test.each(OTHER_NODES.filter(({ isMissing }) => !isMissing))('on Node $version', async ({ program }) => {
  expect((await mustRun(program, ['--conditions=source', SCRIPT])).trim().split('\n')).toEqual(NAMES);
});

test.each(RUNTIMES.filter(({ isMissing }) => !isMissing))(
  'on $name',
  async ({ name, command: [program, ...words] }) => {
    const printed = (await mustRun(program, [...words, '--conditions=source', SCRIPT])).trim().split('\n');
    expect(printed).toEqual(
      NAMES.filter((one) => name !== 'deno' || !one.includes('maxBodyBytes, sent with its length')),
    );
  },
);
