/** Takes the place of `PrivateKey` in browsers. */
import { KeyError } from './key-error.ts';

/** In browsers, every method throws a KeyError that says what to use instead. */
// biome-ignore lint/complexity/noStaticOnlyClass: it has the name and the methods of the class that it replaces.
export class PrivateKey {
  /** @throws KeyError `unsupported` */
  static from(): never {
    throw unsupported();
  }

  /** @throws KeyError `unsupported` */
  static async fromFile(): Promise<never> {
    throw unsupported();
  }

  /** @throws KeyError `unsupported` */
  static async generate(): Promise<never> {
    throw unsupported();
  }
}

function unsupported(): KeyError {
  return new KeyError(
    'unsupported',
    'PrivateKey does not work in browsers; make a key pair with crypto.subtle.generateKey() and pass it to webCryptoSigner() of asymmetric-jwt-auth/web-crypto',
  );
}
