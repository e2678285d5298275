/** Makes a certificate authority for the tests, and a certificate that it has issued, with OpenSSL. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Certificates and key as PEM. */
export interface Certified {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Makes a certificate for these names. */
export function certify(...names: readonly string[]): Certified {
  const folder = mkdtempSync(join(tmpdir(), 'ajwt-ca-'));
  const openssl = (words: string) => execFileSync('openssl', words.split(' '), { cwd: folder, stdio: 'ignore' });
  const ec = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes';
  try {
    openssl(`req -x509 ${ec} -keyout ca.key -out ca.crt -days 2 -subj /CN=tests`);
    openssl(`req ${ec} -keyout server.key -out server.csr -subj /CN=server`);
    writeFileSync(join(folder, 'names'), `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}\n`);
    openssl('x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt -days 2 -extfile names');
    const [ca, cert, key] = ['ca.crt', 'server.crt', 'server.key'].map((name) =>
      readFileSync(join(folder, name), 'utf8'),
    );
    return { ca, cert, key } as Certified;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
