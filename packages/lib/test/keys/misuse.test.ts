import { describe, expect, test } from 'vitest';
import { KeyError, PrivateKey, PublicKey } from '../../src/index.ts';

const PATHS = [
  'guido.pub',
  '~/.ssh/id_ed25519.pub',
  '/run/secrets/guido',
  './guido',
  '../guido.pem',
  'C:\\keys\\guido.pub',
];

describe.each(PATHS)('the path %s instead of a key', (path) => {
  test('is malformed as a public key, and the message names fromFile', () => {
    const message = 'this is a path, not a key; read the file with PublicKey.fromFile(path)';
    expect(() => PublicKey.from(path)).toThrow(new KeyError('malformed', message));
  });

  test('is malformed as a private key, and the message names fromFile', async () => {
    const message = 'this is a path, not a key; read the file with PrivateKey.fromFile(path)';
    await expect(async () => PrivateKey.from(path)).rejects.toThrow(new KeyError('malformed', message));
  });
});
