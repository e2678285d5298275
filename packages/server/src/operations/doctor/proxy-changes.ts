/** Judges what a proxy has changed about a request. */
import type { Config } from '../../config.ts';
import type { SeenRequest } from '../../gateway/probes.ts';
import { type Finding, findingsOf } from './finding.ts';
import type { Answer, Sent } from './http.ts';

const { ok, hint, warning, problem } = findingsOf('proxy');

/** A request that was sent through the proxy, its response, and how it arrived. */
export interface Probed {
  readonly sent: Required<Sent>;
  readonly answer: Answer;
  /** One entry for each time that the server was asked about the request. */
  readonly seen: readonly SeenRequest[];
}

/** An address that is reserved for documentation, so no machine has it. */
const FORGED_ADDRESS = '192.0.2.1';
const FORGED_TARGET = '/ajwtd-doctor-forged';
/** Headers by which a caller could pretend that it sent another request. */
export const FORGED: Readonly<Record<string, string>> = {
  'X-Original-Method': 'DELETE',
  'X-Forwarded-Method': 'DELETE',
  'X-Original-URI': FORGED_TARGET,
  'X-Original-URL': FORGED_TARGET,
  'X-Forwarded-Uri': FORGED_TARGET,
  'X-Forwarded-For': FORGED_ADDRESS,
};

const RECIPES = 'compare its configuration with docs/PROXIES.md';

/** Judges an ordinary request. */
export function aboutRequest({ sent, seen: [seen] }: Probed, config: Config): readonly Finding[] {
  if (seen === undefined) return [];
  return [
    ...described(sent, seen, config),
    ...clientAddress(seen),
    ok(`headers that the proxy adds or changes: ${addedHeaders(sent, seen).join(', ') || 'none'}`),
  ];
}

function described({ method, target }: Required<Sent>, seen: SeenRequest, { require }: Config): readonly Finding[] {
  const isNeeded = require.includes('htm') || require.includes('target');
  const level = isNeeded ? problem : warning;
  const refused = `${isNeeded ? 'all' : 'bound'} tokens are refused with binding_mismatch`;
  const got = seen.described;
  if (got.method === method && got.target === target) {
    return [
      ok(`${method} ${target} arrives unchanged, from ${seen.peer} (${seen.isTrusted ? 'a' : 'no'} trusted proxy)`),
    ];
  }
  if (got.method === undefined || got.target === undefined) {
    if (!seen.isTrusted) {
      const what = `ajwtd ignores the method and target that ${seen.peer} reports, so ${refused}`;
      return [level(what, `if this is your proxy, start the server with --trusted-proxy ${seen.peer}`)];
    }
    const missing = got.method === undefined ? 'method' : 'target';
    const what = `the proxy does not report the ${missing} of the request, or reports it in headers that contradict one another, so ${refused}`;
    return [level(what, RECIPES)];
  }
  const what = `${method} ${target} arrives as ${got.method} ${got.target}, so ${refused}`;
  return [level(what, RECIPES)];
}

function clientAddress({ peer, isTrusted, client, headers }: SeenRequest): readonly Finding[] {
  const isReported = headers.some(([name]) => name === 'x-forwarded-for');
  if (isTrusted && !isReported) {
    const what =
      'the proxy does not report the address of the client: the log lacks it, and one client can fill the queue';
    return [hint(what, 'let the proxy set X-Forwarded-For')];
  }
  if (isTrusted) return [ok(`the proxy reports the address of the client (${client ?? 'only trusted proxies'})`)];
  if (!isReported) return [];
  const what = `all clients of the proxy ${peer} count as one address: one of them can lock out the others`;
  return [warning(what, `if this is your proxy, start the server with --trusted-proxy ${peer}`)];
}

/** Returns the names of headers that arrived with another value than the one sent, or that were not sent. */
function addedHeaders({ headers }: Required<Sent>, seen: SeenRequest): readonly string[] {
  const own = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  // The command sends these too, or they apply only to one connection.
  for (const name of ['host', 'connection', 'content-length', 'authorization']) own.add(name);
  return [...new Set(seen.headers.map(([name]) => name).filter((name) => !own.has(name)))];
}

/** Judges a request whose target some proxies rewrite. */
export function aboutOddTarget({ sent, answer, seen: [seen] }: Probed, { require }: Config): readonly Finding[] {
  if (seen === undefined) {
    const status = answer.ok ? `status ${answer.status}` : answer.why;
    return [hint(`the proxy refuses ${sent.target} itself (${status})`)];
  }
  const { target } = seen.described;
  // The finding about an ordinary request says what is wrong.
  if (target === undefined) return [];
  if (target === sent.target) return [ok('unusual targets arrive unchanged, byte for byte')];
  const what = `the proxy rewrites targets: ${sent.target} arrives as ${target}, so tokens bound to such a target are refused`;
  const todo = 'turn off path normalization in the proxy, or avoid such targets in clients';
  return [(require.includes('target') ? warning : hint)(what, todo)];
}

/** Judges a request in which the caller pretends to be a proxy. */
export function aboutForgery({ seen: [seen] }: Probed): readonly Finding[] {
  if (seen === undefined) return [];
  const { method, target } = seen.described;
  const findings: Finding[] = [];
  if (method === FORGED['X-Original-Method'] || target === FORGED_TARGET) {
    const what = 'callers can choose the method or target that ajwtd sees: a bound token works for another request';
    findings.push(problem(what, `let the proxy set both headers itself; ${RECIPES}`));
  }
  const hops = seen.headers.filter(([name]) => name === 'x-forwarded-for').map(([, value]) => value);
  if (seen.isTrusted && hops.length === 1 && hops[0] === FORGED_ADDRESS) {
    const what =
      'callers can choose the address that ajwtd sees, and so evade its limits and put a false address in its log';
    findings.push(
      problem(what, 'let the proxy add the address of the client to X-Forwarded-For, or replace the header'),
    );
  }
  return findings.length > 0 ? findings : [ok('forged X-Original-… and X-Forwarded-… headers have no effect')];
}
