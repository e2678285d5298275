/** `ajwtd key add USER https://…` needs --allow-url and TLS, and never fetches from another host. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { ajwt, type Outcome } from 'ajwt-testkit/ajwt';
import { ajwtd, ajwtdProcess, scratch } from 'ajwt-testkit/ajwtd';
import { hasProgram } from 'ajwt-testkit/command';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

const file = scratch();
let server: Server;
let other: Server;
/** Node's default CA certificates. During the tests, this process also trusts the test server's certificate. */
const certificates = getCACertificates();
let count = 0;
let handle: (request: IncomingMessage, response: ServerResponse) => void;

const portOf = (of: Server) => (of.address() as AddressInfo).port;
const url = (path = 'guido.keys') => `https://localhost:${portOf(server)}/${path}`;

const words = (source: string) => ['key', 'add', 'guido', source, '--database', `sqlite:${file(`${count}.db`)}`];
const add = (source: string): Promise<Outcome> => ajwtd([...words(source), '--allow-url']);

const lacksOpenssl = process.env.AJWT_TEST_ALL === undefined && !hasProgram('openssl');

beforeAll(async () => {
  if (lacksOpenssl) return;
  const request = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost';
  const names = ['-addext', 'subjectAltName=DNS:localhost', '-keyout', file('key.pem'), '-out', file('cert.pem')];
  expect(spawnSync('openssl', [...request.split(' '), ...names]).status).toBe(0);
  for (const name of ['a', 'b']) await ajwt(['keygen', '--out', file(name)]);
  const tls = { key: readFileSync(file('key.pem')), cert: readFileSync(file('cert.pem')) };
  setDefaultCACertificates([...certificates, tls.cert.toString()]);
  server = createServer(tls, (request, response) => handle(request, response));
  other = createServer(tls, (_request, response) => response.end(readFileSync(file('a.pub'))));
  for (const one of [server, other]) await new Promise<void>((done) => one.listen(0, '127.0.0.1', done));
});
afterAll(() => {
  setDefaultCACertificates(certificates);
  for (const one of [server, other]) {
    one?.close();
    one?.closeAllConnections();
  }
});
beforeEach(() => {
  count += 1;
});

test.skipIf(lacksOpenssl)(
  'key add adds every key in the list at a URL, prints the fingerprints, and names the lines that it skips',
  async () => {
    handle = (_request, response) => {
      const keys = [readFileSync(file('a.pub'), 'utf8'), '# more', 'ssh-dss AAAA', readFileSync(file('b.pub'), 'utf8')];
      response.end(keys.join('\n'));
    };
    const { code, stdout, stderr } = await add(url());
    expect(code).toBe(0);
    expect(stdout).toMatch(/^SHA256:\S+\nSHA256:\S+\n$/);
    expect(stderr).toMatch(/^skipped line 4: /m);
  },
);

test.skipIf(lacksOpenssl)('key add with a URL needs --allow-url and https', async () => {
  handle = () => expect.unreachable();
  for (const source of [url(), 'github:gvanrossum']) {
    expect(await ajwtd(words(source))).toMatchObject({
      code: 1,
      stderr:
        'ajwtd: reading keys from a URL needs --allow-url; anyone who controls the URL decides which keys are added\n',
    });
  }
  for (const source of ['http://localhost/x', 'https://a:b@localhost/x', 'file:///etc/passwd']) {
    expect((await add(source)).stderr).toBe('ajwtd: the URL must be https://HOST/PATH, github:NAME or gitlab:NAME\n');
  }
});

test.skipIf(lacksOpenssl)('key add follows redirects to the same host, but not to other hosts', async () => {
  handle = (request, response) => {
    if (request.url === '/here') response.end(readFileSync(file('a.pub')));
    else response.writeHead(302, { location: request.url === '/near' ? '/here' : 'elsewhere' }).end();
  };
  expect((await add(url('near'))).code).toBe(0);
  expect((await add(url('loop'))).stderr).toMatch(/redirects too many times\n$/);
  for (const location of [`https://localhost:${portOf(other)}/`, 'http://localhost/', '//example.com/x', 'https://[']) {
    handle = (_request, response) => response.writeHead(301, { location }).end();
    expect((await add(url())).stderr).toMatch(/redirects to another host; give the final URL\n$/);
  }
});

test.skipIf(lacksOpenssl)(
  'key add refuses a response that is too long, empty, cut off or without keys, and prints one line',
  async () => {
    const line = /^ajwtd: [^\n]*https:\/\/localhost:\d+[^\n]*\n$/;
    for (const [answer, message] of [
      [(response) => response.end('x'.repeat(100_000)), /sent more than 65536 bytes, too many for a list of keys\n$/],
      [(response) => response.end(''), /no usable public keys in the response from \S+\n$/],
      [(response) => response.writeHead(404).end(), /responded with status 404\n$/],
      [
        (response) => response.writeHead(200, { 'content-length': 9 }).write('x', () => response.destroy()),
        /before the end of the response\n$/,
      ],
      [(response) => response.destroy(), /cannot fetch \S+: \S+\n$/],
    ] as [(response: ServerResponse) => void, RegExp][]) {
      handle = (_request, response) => answer(response);
      const { code, stderr } = await add(url());
      expect(code).toBe(1);
      expect(stderr).toMatch(line);
      expect(stderr).toMatch(message);
    }
    handle = (_request, response) => response.end(readFileSync(file('a.pub')));
    expect((await ajwtdProcess([...words(url()), '--allow-url'])).stderr).toMatch(/cannot fetch \S+: \S*CERT\S*\n$/);
  },
);
