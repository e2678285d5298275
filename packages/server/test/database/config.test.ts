/** Where users and keys are, as it is written. */
import { describe, expect, test } from 'vitest';
import { readDatabase } from '../../src/database/config.ts';

const read = (text: string) => readDatabase(text, '--database');

describe('a server', () => {
  test.each([
    [
      'postgres://ajwtd:s%40cret@db.example.com/users',
      { kind: 'postgres', host: 'db.example.com', port: 5432, user: 'ajwtd', password: 's@cret', database: 'users' },
    ],
    ['postgresql://a@h:5433/d', { kind: 'postgres', port: 5433, password: undefined, encryption: 'none' }],
    ['postgres://a@[::1]/d', { host: '::1' }],
    ['postgres://a@h/d?sslmode=require', { encryption: 'unverified', ca: undefined }],
    ['postgres://a@h/d?sslmode=verify-full&sslrootcert=/etc/ca.pem', { encryption: 'verified', ca: '/etc/ca.pem' }],
    ['mysql://a@h/d', { kind: 'mysql', port: 3306, encryption: 'none' }],
    ['mariadb://a@h:3307/d?ssl=require', { kind: 'mysql', port: 3307, encryption: 'unverified' }],
    ['mysql://a@h/d?ssl=verify-full&sslca=ca.pem', { encryption: 'verified', ca: 'ca.pem' }],
  ])('%s', (text, expected) => {
    expect(read(text)).toMatchObject(expected);
  });

  test('is called by its name without the password and the parameters', () => {
    const { name } = read('postgres://ajwtd:secret@db:5433/users?sslmode=require');
    expect(name).toBe('postgres://ajwtd@db:5433/users');
  });
});

describe('is refused, in one line that does not repeat it', () => {
  test.each([
    ['postgres://secret', 'must name user, host and database'],
    ['postgres://secret@h', 'must name user, host and database'],
    ['postgres://h/secret', 'must name user, host and database'],
    ['postgres:///secret', 'must name user, host and database'],
    ['postgres://a:secret@h/d#x', 'must name user, host and database'],
    ['postgres://a:secret@h/d?ssl=require', 'unknown parameter "ssl"; there are sslmode and sslrootcert'],
    ['postgres://a:secret@h/d?sslmode=prefer', 'sslmode must be one of disable, require, verify-full'],
    ['postgres://a:secret@h/d?sslmode=__proto__', 'sslmode must be one of disable, require, verify-full'],
    ['postgres://a:secret@h/d?sslmode=require&sslrootcert=x', 'sslrootcert needs sslmode=verify-full'],
    ['postgres://a:secret%zz@h/d', 'write a % of the user, password or database as %25'],
    ['mysql://a:secret@h/d?sslmode=require', 'unknown parameter "sslmode"; there are ssl and sslca'],
    ['mysql://a:secret@127.0.0.1/d?ssl=verify-full', 'needs the name of the host'],
    ['mysql://a:secret@[::1]/d?ssl=verify-full', 'needs the name of the host'],
    ['oracle://a:secret@h/d', 'must be sqlite:PATH'],
    ['secret', 'must be sqlite:PATH'],
  ])('%s', (text, message) => {
    expect(() => read(text)).toThrow(message);
    expect(() => read(text)).not.toThrow('secret');
  });
});
