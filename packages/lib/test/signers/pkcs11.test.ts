/** The recipe for PKCS#11 in docs/KEYS.md, with keys that never leave SoftHSM. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasProgram, runProgram } from 'ajwt-testkit/command';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthorization } from '../../src/client.ts';
import { createAuthenticator, memoryKeyStore, memoryNonceStore, PublicKey } from '../../src/index.ts';
import type { KmsSigner } from '../../src/kms.ts';
import { signerContract } from '../../src/testing.ts';

const MODULE = '/usr/lib/softhsm/libsofthsm2.so';
const there =
  process.env.AJWT_TEST_ALL !== undefined || (hasProgram('softhsm2-util', '-v') && hasProgram('pkcs11-tool', '-h'));

const folder = mkdtempSync(join(tmpdir(), 'ajwt-hsm-'));
// The folder is inside the repository, so that an import of the package finds its sources.
const recipe = mkdtempSync(join(import.meta.dirname, '.recipe-'));
afterAll(() => {
  for (const path of [folder, recipe]) rmSync(path, { recursive: true });
});

describe.skipIf(!there)('PKCS#11 (skipped without softhsm2 and opensc)', () => {
  type Recipe = (options: { module: string; token: string; id: string; publicKey: PublicKey }) => KmsSigner;
  let pkcs11Signer: Recipe;
  const signerFor = (id: string, publicKey: PublicKey) =>
    pkcs11Signer({ module: MODULE, token: 'main', id, publicKey });
  const publicOf = (id: string) => {
    const der = join(folder, `${id}.der`);
    runProgram('pkcs11-tool', [...token, '--read-object', '--type', 'pubkey', '--id', id, '--output-file', der]);
    return PublicKey.from(runProgram('openssl', ['pkey', '-pubin', '-inform', 'DER', '-in', der]));
  };
  const token = ['--module', MODULE, '--token-label', 'main'];

  beforeAll(async () => {
    mkdirSync(join(folder, 'tokens'));
    writeFileSync(join(folder, 'softhsm2.conf'), `directories.tokendir = ${join(folder, 'tokens')}\n`);
    Object.assign(process.env, { SOFTHSM2_CONF: join(folder, 'softhsm2.conf'), HSM_PIN: '1234' });
    runProgram('softhsm2-util', [...'--init-token --free --label main --pin 1234 --so-pin 5678'.split(' ')]);
    for (const [id, type] of KEYS) {
      const pair = ['--keypairgen', '--key-type', type, '--usage-sign', '--id', id];
      runProgram('pkcs11-tool', [...token, '--login', '--pin', 'env:HSM_PIN', ...pair]);
    }
    const page = readFileSync(new URL('../../../../docs/KEYS.md', import.meta.url), 'utf8');
    const code = /^```js pkcs11\.js\n([\s\S]*?)^```$/m.exec(page)?.[1] as string;
    writeFileSync(join(recipe, 'pkcs11.js'), code);
    ({ pkcs11Signer } = (await import(join(recipe, 'pkcs11.js'))) as { pkcs11Signer: Recipe });
  });
  afterAll(() => {
    delete process.env.SOFTHSM2_CONF;
    delete process.env.HSM_PIN;
  });

  const KEYS = [
    ['01', 'rsa:2048', 'RS512'],
    ['02', 'EC:prime256v1', 'ES256'],
    ['03', 'EC:prime256v1', 'ES256'],
  ] as const;
  describe.each(KEYS.slice(0, 2))('key %s, %s', (id, _type, alg) => {
    let signer: KmsSigner;
    beforeAll(() => {
      signer = signerFor(id, publicOf(id));
    });
    for (const { name, run } of signerContract({ make: () => ({ signer, publicKey: signer.publicKey }) })) {
      test(name, run);
    }

    test('a server accepts its token', async () => {
      expect(signer.alg).toBe(alg);
      const keys = memoryKeyStore();
      keys.addKey('guido', signer.publicKey);
      const auth = createAuthenticator({ keys, nonces: memoryNonceStore() });
      const authorization = await createAuthorization({ username: 'guido', key: signer });
      expect(await auth.authenticate({ authorization })).toMatchObject({ ok: true, username: 'guido' });
    });
  });

  test('the public key of another key, a missing key and a wrong PIN are refused', async () => {
    const text = Buffer.from('header.payload');
    await expect(signerFor('02', publicOf('03')).sign(text)).rejects.toMatchObject({ code: 'bad_answer' });
    await expect(signerFor('09', publicOf('02')).sign(text)).rejects.toMatchObject({ code: 'not_signed' });
    process.env.HSM_PIN = '4321';
    await expect(signerFor('02', publicOf('02')).sign(text)).rejects.toMatchObject({ code: 'not_signed' });
    process.env.HSM_PIN = '1234';
  });
});
