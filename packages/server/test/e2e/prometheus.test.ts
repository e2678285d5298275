/** A real Prometheus scrapes a running server; every expression of the alerts and of the dashboard finds data. */
import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Ajwtd, scratch, serve } from 'ajwt-testkit/ajwtd';
import { exchange, request } from 'ajwt-testkit/connection';
import { databaseWith, token } from 'ajwt-testkit/directory';
import { mustRun, run } from 'ajwt-testkit/run';
import { lacksPrometheus, PrometheusServer } from 'ajwt-testkit/servers/prometheus';
import { startUpstream } from 'ajwt-testkit/upstream';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

const PATIENCE = { timeout: 20_000, interval: 100 };
const FOLDER = resolve('packages/server/monitoring');
const scratchFile = scratch();
const ALERTS = `${FOLDER}/alerts.yml`;
const DASHBOARD = JSON.parse(readFileSync(`${FOLDER}/grafana-dashboard.json`, 'utf8'));

/** The expressions of the dashboard, with Grafana's variables replaced. */
const expressions: readonly (readonly [string, string])[] = DASHBOARD.panels.flatMap(
  ({ title, targets }: { title: string; targets: readonly { expr: string }[] }) =>
    targets.map(
      ({ expr }) => [title, expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*')] as const,
    ),
);

describe.skipIf(lacksPrometheus)('with Prometheus (needs prometheus)', () => {
  let server: Ajwtd;
  let prometheus: PrometheusServer;
  let admin: string;
  beforeAll(async () => {
    const database = scratchFile('prometheus.db');
    const alice = (await databaseWith(database, ['alice'])).get('alice') as KeyObject;
    const upstream = await startUpstream();
    const args = ['--workers', '2', '--admin-listen', '127.0.0.1:0', '--upstream', upstream.url];
    server = await serve({ database, args });
    const { msg } = await server.logged((line) => line.msg.startsWith('admin listener: '));
    admin = new URL(/http:\S+/.exec(msg)?.[0] as string).host;
    await server.logged((line) => line.msg === 'all workers are listening');
    prometheus = await PrometheusServer.start(admin, ALERTS);
    const send = () => exchange(server.port, request('/v1', [`Authorization: JWT ${token('alice', alice)}`]));
    // A rate needs two samples with different values.
    const isUp = async () => (await prometheus.query('up{job="ajwtd"} == 1')).length === 1;
    await vi.waitUntil(isUp, PATIENCE);
    const isCounted = async () => {
      await send();
      return (await prometheus.query('rate(ajwtd_decisions_total{reason="accepted"}[1m]) > 0')).length === 1;
    };
    await vi.waitUntil(isCounted, PATIENCE);
  });
  afterAll(async () => {
    await prometheus?.stop();
    await server?.stop();
  });

  /** Expects that an expression has at least one value that is a number. */
  async function expectData(expression: string): Promise<void> {
    const values = async () => (await prometheus.query(expression)).map(({ value }) => Number(value[1]));
    await expect
      .poll(async () => (await values()).some((value) => !Number.isNaN(value)), { message: expression })
      .toBe(true);
  }

  test.each(expressions)('the panel %s of the dashboard shows data', (_, expression) => expectData(expression));

  test('each alert is evaluated, its expression finds data, and none fires', async () => {
    await expect.poll(async () => (await prometheus.rules()).filter(({ health }) => health !== 'ok')).toEqual([]);
    const rules = await prometheus.rules();
    expect(rules.length).toBeGreaterThan(10);
    for (const { name, query, state } of rules) {
      // Without its limit, an expression must have a value: otherwise the alert could never fire.
      const [, measured] = /^([\s\S]*) [<>] [\d.]+$/.exec(query) ?? [];
      expect(measured, name).toBeDefined();
      await expectData(measured as string);
      expect(state, name).toBe('inactive');
    }
  });

  test('promtool finds no fault in the metrics, the alerts and the tests of the alerts', async () => {
    const metrics = await (await fetch(`http://${admin}/metrics`)).text();
    const checked = await run('sh', ['-c', 'printf %s "$1" | promtool check metrics', 'sh', metrics]);
    expect(checked).toEqual({ code: 0, stdout: '', stderr: '' });
    await mustRun('promtool', ['check', 'rules', ALERTS]);
    await mustRun('promtool', ['test', 'rules', 'alerts.test.yml'], { cwd: FOLDER });
  });
});

test('the dashboard shows every metric of ajwtd', () => {
  const metrics = readFileSync('docs/REFERENCE.md', 'utf8').matchAll(/^\| `(ajwtd_\w+)`/gm);
  const missing = [...metrics]
    .map(([, name]) => name as string)
    .filter((name) => !expressions.some(([, one]) => one.includes(name)));
  expect(missing).toEqual([]);
});
