/** Sends requests through the proxy in front of the server, and compares what was sent with what arrived. */
import type { Config } from '../../config.ts';
import { compareClock, type OtherClock } from './clock.ts';
import { isLoopback } from './configuration.ts';
import { type Finding, findingsOf } from './finding.ts';
import { type Answer, send } from './http.ts';
import { probeSender } from './probe-sender.ts';
import { aboutForgery, aboutOddTarget, aboutRequest, FORGED, type Probed } from './proxy-changes.ts';
import { adminOrigin } from './server.ts';

const { ok, hint, warning, problem } = findingsOf('proxy');

/** A path that no application has, with escapes and an empty segment, which some proxies rewrite. */
const ODD = '/ajwtd-doctor/%7Ea%2Fb//c?x=%2f&y=';

export async function checkProxy(
  config: Config,
  url: URL,
): Promise<{ readonly findings: readonly Finding[]; readonly clocks: readonly OtherClock[] }> {
  // Paths below /.ajwt/ do not belong to the application.
  const base = url.pathname.startsWith('/.ajwt/') ? '' : url.pathname.replace(/\/$/, '');
  const plain = await send(url, {});
  if (!plain.ok) {
    const todo = 'correct --url, or the proxy; for a private certificate authority, set NODE_EXTRA_CA_CERTS=ca.pem';
    return { findings: [problem(`${url.origin} does not respond: ${plain.why}`, todo)], clocks: [] };
  }
  const findings = [...encryption(url), ...aboutChallenge(plain, 'a request without a token')];
  const clocks = await clockOf(url, plain);
  const admin = config.adminListen === undefined ? undefined : adminOrigin(config.adminListen);
  if (plain.status !== 401 || admin === undefined) {
    return { findings: admin === undefined ? [...findings, UNSEEN] : findings, clocks };
  }

  const sendProbe = probeSender(admin, url);
  const request = await sendProbe({ method: 'POST', target: `${base}/ajwtd-doctor?x=1`, headers: {} });
  if (typeof request === 'string') return { findings: [...findings, hint(request, UNSEEN.todo)], clocks };
  findings.push(...aboutChallenge(request.answer, 'a request with an invalid token'), ...arrival(request));
  if (request.seen.length === 0) return { findings, clocks };
  findings.push(...aboutRequest(request, config));
  const odd = await sendProbe({ method: 'GET', target: `${base}${ODD}`, headers: {} });
  if (typeof odd !== 'string') findings.push(...aboutOddTarget(odd, config));
  const forged = await sendProbe({ method: 'GET', target: `${base}/ajwtd-doctor`, headers: FORGED });
  if (typeof forged !== 'string') findings.push(...aboutForgery(forged));
  return { findings, clocks };
}

const UNSEEN = hint(
  'without the admin listener, this command cannot see how requests arrive at ajwtd',
  'run this command on the machine of the server, with the options of the server',
);

function encryption({ protocol, hostname, origin }: URL): readonly Finding[] {
  if (protocol === 'https:' || isLoopback(hostname.replace(/^\[|\]$/g, ''))) return [];
  const what = `${origin} is not encrypted: anyone on the network path can read and replace requests`;
  return [warning(what, 'give the proxy a certificate, and call it by https')];
}

/** Checks that a refusal reaches the caller as `ajwtd` has sent it. */
function aboutChallenge(answer: Answer, sent: string): readonly Finding[] {
  if (!answer.ok) return [problem(`there was no response to ${sent}: ${answer.why}`)];
  const { status, headers } = answer;
  if (status === 401) {
    if (headers['www-authenticate'] !== undefined) return [ok(`${sent} gets a 401 with a challenge`)];
    const what = `${sent} gets a 401 without WWW-Authenticate: callers do not learn why, and cannot correct their clocks`;
    return [problem(what, 'let the proxy pass on this header; docs/PROXIES.md has configurations that do')];
  }
  const what = `${sent} gets status ${status} instead of 401`;
  if (status < 400 || status === 404) {
    return [
      problem(`${what}: this path is not protected`, 'pass the URL of a protected path, or protect it in the proxy'),
    ];
  }
  const todo =
    status >= 500
      ? 'look for the cause in the logs of ajwtd and the proxy; nginx turns a 503 of ajwtd into a 500'
      : 'look for the cause in the log of the proxy; docs/PROXIES.md has tested configurations';
  return [problem(what, todo)];
}

function arrival({ answer, seen }: Probed): readonly Finding[] {
  if (seen.length === 1) return [];
  if (seen.length > 1) {
    const what = `the proxy asked ajwtd ${seen.length} times about one request: the second token is refused as replayed`;
    return [problem(what, 'configure the proxy to ask once; docs/PROXIES.md lists what repeats requests')];
  }
  const what =
    answer.ok && answer.status === 401
      ? 'a request was refused, but not by the server whose admin listener this command asks'
      : 'a request did not arrive at ajwtd';
  return [
    warning(what, 'pass the options of the server behind this URL, or call that server directly if there are several'),
  ];
}

async function clockOf(url: URL, answer: Answer): Promise<readonly OtherClock[]> {
  const time = answer.ok ? Date.parse(answer.headers.date ?? '') : Number.NaN;
  if (Number.isNaN(time)) return [];
  // The header has whole seconds, and was sent a moment ago.
  const clock = await compareClock(`the proxy ${url.host}`, async () => time / 1000 + 0.5);
  return [{ ...clock, error: 0.5 }];
}
