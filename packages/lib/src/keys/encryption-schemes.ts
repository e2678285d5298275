/** Lists the object identifiers of schemes that encrypt private keys (RFC 8018, RFC 7292, RFC 7914). */

/** An encryption scheme, with OpenSSL's names for its cipher and hash. */
export interface Scheme {
  /** The name that error messages show. */
  readonly name: string;
  readonly cipher: string;
  readonly hash?: string;
}

const scheme = (name: string, cipher: string, hash: string): Scheme => ({ name, cipher, hash });

/** Schemes with a fixed cipher and hash, by object identifier (RFC 8018 §A.3, RFC 7292 §C). */
export const PBES1: Readonly<Record<string, Scheme>> = {
  '1.2.840.113549.1.5.1': scheme('PBE-MD2-DES', 'des-cbc', 'md2'),
  '1.2.840.113549.1.5.3': scheme('PBE-MD5-DES', 'des-cbc', 'md5'),
  '1.2.840.113549.1.5.4': scheme('PBE-MD2-RC2-64', 'rc2-64-cbc', 'md2'),
  '1.2.840.113549.1.5.6': scheme('PBE-MD5-RC2-64', 'rc2-64-cbc', 'md5'),
  '1.2.840.113549.1.5.10': scheme('PBE-SHA1-DES', 'des-cbc', 'sha1'),
  '1.2.840.113549.1.5.11': scheme('PBE-SHA1-RC2-64', 'rc2-64-cbc', 'sha1'),
  '1.2.840.113549.1.12.1.1': scheme('PBE-SHA1-RC4-128', 'rc4', 'sha1'),
  '1.2.840.113549.1.12.1.2': scheme('PBE-SHA1-RC4-40', 'rc4-40', 'sha1'),
  '1.2.840.113549.1.12.1.3': scheme('PBE-SHA1-3DES', 'des-ede3-cbc', 'sha1'),
  '1.2.840.113549.1.12.1.4': scheme('PBE-SHA1-2DES', 'des-ede-cbc', 'sha1'),
  '1.2.840.113549.1.12.1.5': scheme('PBE-SHA1-RC2-128', 'rc2-cbc', 'sha1'),
  '1.2.840.113549.1.12.1.6': scheme('PBE-SHA1-RC2-40', 'rc2-40-cbc', 'sha1'),
};

export const PBES2 = '1.2.840.113549.1.5.13';
export const PBKDF2 = '1.2.840.113549.1.5.12';
export const SCRYPT = '1.3.6.1.4.1.11591.4.11';

/** PBES2 ciphers that OpenSSL supports for keys, by object identifier. A build of OpenSSL may lack some of them. */
export const CIPHERS: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.1.2': 'aes-128-cbc',
  '2.16.840.1.101.3.4.1.3': 'aes-128-ofb',
  '2.16.840.1.101.3.4.1.4': 'aes-128-cfb',
  '2.16.840.1.101.3.4.1.22': 'aes-192-cbc',
  '2.16.840.1.101.3.4.1.23': 'aes-192-ofb',
  '2.16.840.1.101.3.4.1.24': 'aes-192-cfb',
  '2.16.840.1.101.3.4.1.42': 'aes-256-cbc',
  '2.16.840.1.101.3.4.1.43': 'aes-256-ofb',
  '2.16.840.1.101.3.4.1.44': 'aes-256-cfb',
  '1.2.840.113549.3.2': 'rc2-cbc',
  '1.2.840.113549.3.4': 'rc4',
  '1.2.840.113549.3.7': 'des-ede3-cbc',
  '1.3.14.3.2.7': 'des-cbc',
  '1.3.6.1.4.1.3029.1.2': 'bf-cbc',
  '1.2.840.113533.7.66.10': 'cast5-cbc',
  '1.3.6.1.4.1.188.7.1.1.2': 'idea-cbc',
  '1.2.410.200004.1.4': 'seed-cbc',
  '1.2.392.200011.61.1.1.1.2': 'camellia-128-cbc',
  '1.2.392.200011.61.1.1.1.3': 'camellia-192-cbc',
  '1.2.392.200011.61.1.1.1.4': 'camellia-256-cbc',
  '1.2.410.200046.1.1.2': 'aria-128-cbc',
  '1.2.410.200046.1.1.7': 'aria-192-cbc',
  '1.2.410.200046.1.1.12': 'aria-256-cbc',
  '1.2.156.10197.1.104.2': 'sm4-cbc',
};

/** Hash functions for PBKDF2 (RFC 8018 §B.1), by object identifier. */
export const HASHES: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.6': 'md5',
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
  '1.2.840.113549.2.12': 'sha512-224',
  '1.2.840.113549.2.13': 'sha512-256',
};
