/** Runs Prometheus from Debian's package, for tests. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, freePort, type Running, startServer, stopServer, untilReady } from './process.ts';

const prometheus = findProgram('prometheus', ['/usr/bin', '/usr/local/bin']);

/** Whether tests that need Prometheus are skipped. `npm run test:all` skips none. */
export const lacksPrometheus = process.env.AJWT_TEST_ALL === undefined && prometheus === undefined;

/** One series in the result of a query. */
export interface QueryResult {
  readonly metric: Readonly<Record<string, string>>;
  /** Time in seconds, and the value as a string. */
  readonly value: readonly [number, string];
}

/** A rule as Prometheus reports it. */
export interface ReportedRule {
  readonly name: string;
  readonly query: string;
  readonly health: 'ok' | 'err' | 'unknown';
  readonly state: 'inactive' | 'pending' | 'firing';
}

/** A Prometheus server that scrapes one target. */
export class PrometheusServer {
  readonly #folder: string;
  readonly #url: string;
  readonly #running: Running;

  private constructor(folder: string, url: string, running: Running) {
    this.#folder = folder;
    this.#url = url;
    this.#running = running;
  }

  /**
   * Starts a server.
   *
   * @param target - `HOST:PORT` to scrape four times a second, as job `ajwtd`
   * @param rules - path of a file with rules
   */
  static async start(target: string, rules: string): Promise<PrometheusServer> {
    if (prometheus === undefined) throw new Error('Prometheus is not installed: apt-get install prometheus');
    const folder = mkdtempSync(join(tmpdir(), 'ajwt-prometheus-'));
    const config = {
      global: { scrape_interval: '250ms', scrape_timeout: '250ms', evaluation_interval: '250ms' },
      rule_files: [rules],
      scrape_configs: [{ job_name: 'ajwtd', static_configs: [{ targets: [target] }] }],
    };
    // JSON is valid YAML.
    writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config));
    const url = `http://127.0.0.1:${await freePort()}`;
    const words = [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${new URL(url).host}`,
    ];
    const server = new PrometheusServer(folder, url, startServer(prometheus, words, undefined));
    await untilReady(server.#running, async () => {
      const { status } = await fetch(`${url}/-/ready`);
      if (status !== 200) throw new Error(`status ${status}`);
    });
    return server;
  }

  async #get<T>(path: string): Promise<T> {
    const response = await fetch(this.#url + path);
    const { data, error } = (await response.json()) as { data: T; error?: string };
    if (error !== undefined) throw new Error(error);
    return data;
  }

  /** Evaluates an expression. @throws Error if it is not valid */
  async query(expression: string): Promise<readonly QueryResult[]> {
    const path = `/api/v1/query?query=${encodeURIComponent(expression)}`;
    return (await this.#get<{ result: readonly QueryResult[] }>(path)).result;
  }

  /** Returns the state of all rules. */
  async rules(): Promise<readonly ReportedRule[]> {
    const { groups } = await this.#get<{ groups: readonly { rules: readonly ReportedRule[] }[] }>('/api/v1/rules');
    return groups.flatMap(({ rules }) => rules);
  }

  async stop(): Promise<void> {
    await stopServer(this.#running, 'SIGTERM');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
