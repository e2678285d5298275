/** Encrypted connections to a database server, and checks of its certificate. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ajwtd } from 'ajwt-testkit/ajwtd';
import { lacksMariadb, MariadbServer } from 'ajwt-testkit/servers/mariadb';
import { lacksPostgres, PostgresServer } from 'ajwt-testkit/servers/postgres';
import { serverUser } from 'ajwt-testkit/servers/process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'ajwtd-tls-'));
const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
afterAll(() => rmSync(folder, { recursive: true }));

/** Makes a certificate for localhost, with a key that the server's user can read. */
function makeCertificate(user: string): void {
  const words = 'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost';
  expect(spawnSync('openssl', [...words.split(' '), '-keyout', key, '-out', certificate]).status).toBe(0);
  const owner = serverUser(user);
  if (owner !== undefined) chownSync(key, owner.uid, owner.gid);
  chmodSync(key, 0o600);
  chmodSync(folder, 0o755);
}

/** Makes a folder for the server's sockets. */
function sockets(user: string): string {
  const path = mkdtempSync(join(folder, 'sockets-'));
  const owner = serverUser(user);
  if (owner !== undefined) chownSync(path, owner.uid, owner.gid);
  return path;
}

/** Makes a certificate that the server does not use. */
function otherAuthority(): string {
  const path = join(folder, 'other.pem');
  const words = 'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=other';
  expect(spawnSync('openssl', [...words.split(' '), '-keyout', join(folder, 'other.key'), '-out', path]).status).toBe(
    0,
  );
  return path;
}

describe.each([
  {
    name: 'PostgreSQL',
    lacks: lacksPostgres,
    user: 'postgres',
    make: () =>
      PostgresServer.start([
        ...['ssl = on', `ssl_cert_file = '${certificate}'`, `ssl_key_file = '${key}'`],
        `unix_socket_directories = '${sockets('postgres')}'`,
      ]),
    socketOf: async (server: PostgresServer | MariadbServer) =>
      String((await server.query('SHOW unix_socket_directories'))[0]?.unix_socket_directories),
    socketUrl: (path: string, port: number) =>
      `postgresql://postgres@:${port}/postgres?host=${path}&sslmode=require&application_name=test&options=-cTimeZone%3DUTC`,
    url: (host: string, port: number) => `postgres://postgres@${host}:${port}/postgres`,
    require: 'sslmode=require',
    verify: 'sslmode=verify-full',
    ca: 'sslrootcert',
  },
  {
    name: 'MariaDB',
    lacks: lacksMariadb,
    user: 'mysql',
    make: () =>
      MariadbServer.start([`--ssl-cert=${certificate}`, `--ssl-key=${key}`, '--require-secure-transport=OFF']),
    socketOf: async (server: PostgresServer | MariadbServer) =>
      String((await server.query('SELECT @@socket AS path'))[0]?.path),
    socketUrl: (path: string) => `mysql://test@${encodeURIComponent(path)}/test?ssl-mode=REQUIRED`,
    url: (host: string, port: number) => `mysql://test@${host}:${port}/test`,
    require: 'ssl=require',
    verify: 'ssl=verify-full',
    ca: 'sslca',
  },
])('$name', ({ lacks, user, make, url, require, verify, ca, socketOf, socketUrl }) => {
  describe.skipIf(lacks)('a certificate for localhost', () => {
    let server: PostgresServer | MariadbServer;
    beforeAll(async () => {
      makeCertificate(user);
      server = await make();
    }, 60_000);
    afterAll(() => server.remove());

    const list = (host: string, parameters: string) =>
      ajwtd(['user', 'list', '--database', `${url(host, server.port)}?${parameters}`]);

    test('is accepted if the URL gives its CA and the host name in it', async () => {
      expect((await list('localhost', `${verify}&${ca}=${certificate}`)).code).toBe(0);
      expect((await list('127.0.0.1', require)).code).toBe(0);
    });

    test('is accepted for any host name if the URL requires only a check of the CA', async () => {
      const mode = verify.replace('full', 'ca');
      expect((await list('127.0.0.1', `${mode}&${ca}=${certificate}`)).code).toBe(0);
      expect((await list('127.0.0.1', `${require}&${ca}=${certificate}`)).code).toBe(0);
      const { code, stderr } = await list('127.0.0.1', `${require}&${ca}=${otherAuthority()}`);
      expect({ code, stderr }).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/self-signed|unable to verify/),
      });
    });

    test('is not needed on a Unix socket', async () => {
      const path = await socketOf(server);
      expect(path).toMatch(/^\//);
      const { code, stderr } = await ajwtd(['user', 'list', '--database', socketUrl(path, server.port)]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^no users yet/) });
    });

    test('is refused without its CA, for another host name, and if the CA file is missing', async () => {
      for (const [host, parameters] of [
        ['localhost', verify],
        ['127.0.0.1', `${verify}&${ca}=${certificate}`],
        ['localhost', `${verify}&${ca}=${join(folder, 'nothing.pem')}`],
      ] as const) {
        const { code, stdout, stderr } = await list(host, parameters);
        expect({ code, stdout }, parameters).toEqual({ code: 1, stdout: '' });
        expect(stderr).toMatch(/^ajwtd: [^\n]*\n$/);
      }
    });
  });

  describe.skipIf(lacks)('a server without encryption', () => {
    test('is refused if encryption is required', async () => {
      const plain = await (user === 'postgres' ? PostgresServer.start() : MariadbServer.start(['--skip-ssl']));
      const { code, stderr } = await ajwtd([
        'user',
        'list',
        '--database',
        `${url('127.0.0.1', plain.port)}?${require}`,
      ]);
      await plain.remove();
      expect(code).toBe(1);
      expect(stderr).toMatch(/^ajwtd: the database [^\n]* cannot be opened: [^\n]*\n$/);
    }, 60_000);
  });
});
