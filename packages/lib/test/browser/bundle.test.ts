/** The client in bundles for browsers. */
import { gzipSync } from 'node:zlib';
import { bundleFor } from 'ajwt-testkit/bundle';
import { expect, test } from 'vitest';
import * as client from '../../src/client.ts';
import * as inBrowsers from '../../src/client-browser.ts';

const kilobytes = (code: string) => gzipSync(code).length / 1000;

test.each([
  ['createSignedFetch', 5.5, "export { createSignedFetch } from 'asymmetric-jwt-auth/client';"],
  ['the whole client', 6, "export * from 'asymmetric-jwt-auth/client';"],
  [
    'createSignedFetch and webCryptoSigner',
    8.5,
    "export { createSignedFetch } from 'asymmetric-jwt-auth/client'; export { webCryptoSigner } from 'asymmetric-jwt-auth/web-crypto';",
  ],
])('a bundle of %s for browsers has at most %s kB and no module of Node', async (_, limit, code) => {
  const bundle = await bundleFor('browser', code);
  expect(bundle.imports).toEqual([]);
  expect(bundle.code).not.toMatch(/node:|\bBuffer\b|\bprocess\b/);
  expect(kilobytes(bundle.code)).toBeLessThanOrEqual(limit);
});

test('the client exports the same names in browsers', () => {
  expect(Object.keys(inBrowsers).sort()).toEqual(Object.keys(client).sort());
});

test('PrivateKey says in browsers what to use instead', async () => {
  const expected = expect.objectContaining({
    name: 'KeyError',
    code: 'unsupported',
    message: expect.stringContaining('webCryptoSigner() of asymmetric-jwt-auth/web-crypto'),
  });
  const { PrivateKey } = inBrowsers;
  await expect(PrivateKey.generate()).rejects.toEqual(expected);
  await expect(PrivateKey.fromFile()).rejects.toEqual(expected);
  expect(() => PrivateKey.from()).toThrow(expected);
});

test('the browser engine returns the same results as the engine of Node', async () => {
  const [browser, node] = await Promise.all([
    import('../../src/engine/browser.ts'),
    import('../../src/engine/node.ts'),
  ]);
  for (const text of ['', 'a', 'é', '\u{1f600}ab', 'x'.repeat(5000)]) {
    const encoded = node.encodeText(text);
    expect(browser.encodeText(text)).toBe(encoded);
    expect(browser.utf8Length(text)).toBe(node.utf8Length(text));
    expect([...browser.decodeBase64urlLoosely(encoded)]).toEqual([...node.decodeBase64urlLoosely(encoded)]);
    expect(browser.textInScratch(browser.decodeToScratch(encoded))).toBe(text);
    expect(browser.toHex(browser.decodeToSlab(encoded))).toBe(node.toHex(node.decodeToSlab(encoded)));
  }
  expect([...browser.asciiBytes('a.b')]).toEqual([...node.asciiBytes('a.b')]);
  expect(browser.decodeBase64urlLoosely('a$')).toHaveLength(0);
  expect(browser.textInScratch(browser.decodeToScratch('_w'))).toBeUndefined();
  expect(browser.randomText(16)).toMatch(/^[\w-]{22}$/);
  expect(browser.randomText(16)).not.toBe(browser.randomText(16));
});
