/**
 * Compares the target that each client signs with the request line that it sends. The tests call this module on their own Node, and run it
 * as a program on other versions: `request-lines.ts RUNS SEED`.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInProcess } from 'ajwt-testkit/in-process';
import { signedAxios } from 'asymmetric-jwt-auth/axios';
import { createSignedFetch, PrivateKey } from 'asymmetric-jwt-auth/client';
import { signedGot } from 'asymmetric-jwt-auth/got';
import { signedKy } from 'asymmetric-jwt-auth/ky';
import { signedUndici } from 'asymmetric-jwt-auth/undici';
import axios from 'axios';
import fc from 'fast-check';
import got from 'got';
import ky from 'ky';
import { Agent, request } from 'undici';
import { AJWT } from '../../src/cli/program.ts';

/** A received request. */
interface Received {
  /** The target in the request line, with one character for each byte. */
  readonly target: string;
  /** The claim `bind.target` of its token. */
  readonly signed: string | undefined;
}

/** Sends a GET. */
type Client = (url: string) => Promise<unknown>;

/** A raw server, and the clients that call it. */
interface RequestLines {
  readonly origin: string;
  readonly clients: Readonly<Record<string, Client>>;
  /** Returns the requests received since the last call. */
  take(): Received[];
  close(): Promise<void>;
}

/** Parts of paths, queries and fragments; most of them have a meaning for a parser. */
// biome-ignore format: a table
const PIECES = [
  '/', '//', '?', '??', '#', '.', '..', '/../', '/./', '%', '%2f', '%2E%2e', '%zz', '&', '=', ';', ':', '@', '+', '*', '!', '~', "'", '"',
  '<', '>', '`', '{', '}', '|', '^', '[', ']', '\\', ' ', '\t', '\n', '\r\n', '\u0000', '\u007f', '\u00a0', 'é', 'Ж', '日本', '😀', '\ud800',
  'a', 'items', 'page=2', 'http://other.example/',
];
const TEXT = fc.array(fc.constantFrom(...PIECES), { maxLength: 6 }).map((pieces) => pieces.join(''));
/** Generates what follows the origin of a URL: empty queries and fragments are as frequent as others. */
const REST = fc
  .tuple(TEXT, fc.constantFrom('', '', '?', '#', '?#'), TEXT)
  .map(([path, mark, rest]) => `/${path}${mark}${mark === '' || mark === '?' ? '' : rest}`);

/** Starts the server and makes the clients. */
export async function requestLines(): Promise<RequestLines> {
  const received: Received[] = [];
  const server = rawServer(received);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const folder = await mkdtemp(join(tmpdir(), 'ajwt-lines-'));
  const key = await PrivateKey.generate();
  await writeFile(join(folder, 'key'), key.toPem(), { mode: 0o600 });
  const signing = { username: 'guido', key, bind: ['target'] } as const;

  const agent = new Agent();
  const dispatcher = agent.compose(signedUndici({ ...signing, origin }));
  const viaFetch = createSignedFetch(signing);
  const viaAxios = axios.create({ adapter: signedAxios(axios, signing), proxy: false });
  const viaGot = got.extend(signedGot(signing), { retry: { limit: 0 } });
  const viaKy = ky.create({ ...signedKy(signing), retry: 0 });
  const command = ['--user', 'guido', '--key', join(folder, 'key'), '--bind', '--silent', '--output', '/dev/null'];

  return {
    origin,
    clients: {
      fetch: async (url) => (await viaFetch(url)).text(),
      'fetch of a Request': async (url) => (await viaFetch(new Request(url))).text(),
      axios: (url) => viaAxios.get(url),
      'axios, with parameters': (url) => viaAxios.get(url, { params: { more: 'é' } }),
      got: (url) => viaGot(url),
      'got, with parameters': (url) => viaGot(url, { searchParams: { more: 'é' } }),
      ky: (url) => viaKy(url).text(),
      'ky, with parameters': (url) => viaKy(url, { searchParams: { more: 'é' } }).text(),
      undici: async (url) => (await request(url, { dispatcher })).body.dump(),
      'undici, called with a path': async (url) =>
        (await dispatcher.request({ origin, path: url.slice(origin.length), method: 'GET' })).body.dump(),
      'ajwt fetch': (url) => runInProcess(AJWT, ['fetch', ...command, url]),
    },
    take: () => received.splice(0),
    async close() {
      await agent.close();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
}

/** Makes a server that reads only the request line and the token, without an HTTP parser that could change them. */
function rawServer(received: Received[]): Server {
  return createServer((socket) => {
    let head = '';
    socket.setEncoding('latin1');
    // A client may close its connection first.
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      head += chunk;
      if (!head.endsWith('\r\n\r\n')) return;
      const [, target = ''] = /^GET (.*) HTTP\/1\.1\r\n/.exec(head) ?? [];
      const payload = /^authorization: JWT [^.]+\.([^.]+)/im.exec(head)?.[1] ?? '';
      const { bind } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { bind?: { target?: string } };
      received.push({ target, signed: bind?.target });
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
    });
  });
}

/**
 * Checks one client with many URLs: for each URL that it accepts, it signs the target that it sends, without a fragment or an empty query.
 *
 * @returns the number of URLs that it accepted
 * @throws an error that contains the smallest URL that breaks the rule
 */
export async function checkClient(
  lines: RequestLines,
  name: string,
  options: { readonly numRuns: number; readonly seed?: number },
): Promise<number> {
  const client = lines.clients[name] as Client;
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(REST, async (rest) => {
      lines.take();
      // Some clients refuse characters that others encode.
      await client(lines.origin + rest).catch(() => undefined);
      const received = lines.take();
      if (received.length === 0) return true;
      accepted += 1;
      const [{ target, signed }] = received as [Received];
      return received.length === 1 && signed === target && !target.includes('#') && !/^[^?]*\?$/.test(target);
    }),
    { ...options, examples: [['/x?'], ['/x?#f'], ['/x#f'], ['/x??'], ['/x?a=1#'], ['/?'], ['/é?ü']] },
  );
  return accepted;
}

if (import.meta.main) {
  const [numRuns, seed] = process.argv.slice(2).map(Number) as [number, number];
  const lines = await requestLines();
  const counts: Record<string, number> = {};
  try {
    for (const name of Object.keys(lines.clients)) counts[name] = await checkClient(lines, name, { numRuns, seed });
  } finally {
    await lines.close();
  }
  console.log(JSON.stringify(counts));
}
