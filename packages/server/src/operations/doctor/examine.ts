/** Examines a whole installation. */
import { reasonOf } from '../../database/open.ts';
import { checkClock, type OtherClock } from './clock.ts';
import { checkConfiguration } from './configuration.ts';
import { type OpenTables, openTables } from './database.ts';
import { checkFiles } from './files.ts';
import { CHECKS, type Check, type Finding, findingsOf } from './finding.ts';
import type { Installation } from './installation.ts';
import { checkKeySets } from './key-sets.ts';
import { checkKeys } from './keys.ts';
import { checkNonces } from './nonces.ts';
import { checkProxy } from './proxy.ts';
import { checkServer } from './server.ts';

/** Runs all checks. A check that fails unexpectedly is a finding too. Changes nothing. */
export async function examineInstallation(installation: Installation): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const clocks: OtherClock[] = [];
  async function run(check: Check, work: () => Promise<readonly Finding[]> | readonly Finding[]): Promise<void> {
    try {
      findings.push(...(await work()));
    } catch (error) {
      findings.push(findingsOf(check).problem(`the check failed: ${reasonOf(error)}`));
    }
  }

  const { config, url } = installation;
  await run('configuration', () => checkConfiguration(installation));
  await run('files', () => checkFiles(installation));
  let tables: OpenTables | undefined;
  await run('database', async () => {
    tables = await openTables(config);
    clocks.push(...tables.clocks);
    return tables.findings;
  });
  const { nonces } = config;
  // The driver is only needed here.
  const redis = nonces.kind === 'redis' ? await (await import('./redis.ts')).openRedis(nonces) : undefined;
  clocks.push(...(redis?.clocks ?? []));
  try {
    await run('nonces', () => checkNonces(config, tables, redis));
    const db = tables?.hasDirectory ? tables.db : undefined;
    if (db !== undefined) {
      await run('keys', () => checkKeys(db));
      await run('key-sets', () => checkKeySets(db, config));
    }
  } finally {
    await tables?.close();
  }
  await run('server', () => checkServer(config));
  if (url !== undefined) {
    await run('proxy', async () => {
      const proxy = await checkProxy(config, url);
      clocks.push(...proxy.clocks);
      return proxy.findings;
    });
  }
  findings.push(...checkClock(clocks));
  const order = Object.keys(CHECKS);
  return findings.toSorted((one, other) => order.indexOf(one.check) - order.indexOf(other.check));
}
