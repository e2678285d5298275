/** Runs the same options with curl and with `ajwt fetch`, against the same server. */
import { execFile } from 'node:child_process';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { ajwt, type Outcome } from 'ajwt-testkit/ajwt';
import { listen } from 'ajwt-testkit/listen';
import { commandEnvironment } from 'ajwt-testkit/program';

/** The output and exit codes of both commands. */
export interface Both {
  readonly curl: Pick<Outcome, 'code' | 'stdout' | 'stderr'>;
  readonly ours: Pick<Outcome, 'code' | 'stdout' | 'stderr'>;
}

/** Runs curl without the developer's configuration and proxies. */
export function curl(args: readonly string[], env: Record<string, string> = {}, input = ''): Promise<Both['curl']> {
  return new Promise((done) => {
    const child = execFile('curl', ['-q', '-sS', ...args], { env: commandEnvironment(env) }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

/**
 * Runs curl and `ajwt fetch`.
 *
 * @param theirs - arguments of curl, if they differ
 */
export async function besideCurl(
  args: readonly string[],
  { env = {}, input = '', theirs = args }: { env?: Record<string, string>; input?: string; theirs?: readonly string[] },
): Promise<Both> {
  const [one, other] = await Promise.all([curl(theirs, env, input), ajwt(['fetch', ...args], { env, input })]);
  return { curl: one, ours: other };
}

/** Headers that may differ between the two commands. */
const OWN = ['authorization', 'user-agent', 'host', 'connection', 'expect', 'accept-encoding', 'proxy-connection'];

/** Describes a request: its method, URL, headers and body. */
export async function describeRequest(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const headers = Object.entries(request.headers).filter(([name]) => !OWN.includes(name));
  return JSON.stringify([
    request.method,
    request.url,
    Object.fromEntries(headers.sort()),
    String(Buffer.concat(chunks)),
  ]);
}

/** Starts a server that responds with a description of the request, except on the given paths. */
export async function startEcho(paths: Readonly<Record<string, RequestListener>> = {}) {
  const server = createServer(async (request, response) => {
    const answer = paths[request.url ?? ''];
    if (answer === undefined) response.end(await describeRequest(request));
    else answer(request, response);
  });
  return { server, url: await listen(server) };
}
