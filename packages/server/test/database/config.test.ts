/** Database URLs in the forms that tools and hosting providers use. */
import { describe, expect, test } from 'vitest';
import { readDatabase } from '../../src/database/config.ts';

const read = (text: string) => readDatabase(text, '--database');

describe('the URL of a database server', () => {
  test.each([
    [
      'postgres://ajwtd:s%40cret@db.example.com/users',
      { kind: 'postgres', host: 'db.example.com', port: 5432, user: 'ajwtd', password: 's@cret', database: 'users' },
    ],
    ['postgresql://a@h:5433/d', { kind: 'postgres', port: 5433, password: undefined, encryption: 'none' }],
    ['postgres://a@[::1]/d', { host: '::1' }],
    // Some of these are from Heroku, Neon, Supabase, Cloud SQL, DigitalOcean, PlanetScale, Prisma and PostgreSQL's own tools.
    [
      'postgres://u:p%40%2F%3F%23%25@ec2-1.compute-1.amazonaws.com:5432/d1?sslmode=require',
      { password: 'p@/?#%', database: 'd1', encryption: 'unverified' },
    ],
    [
      'postgresql://u:p@ep-x.aws.neon.tech/neondb?sslmode=verify-full&channel_binding=require&options=endpoint%3Dep-x',
      { encryption: 'verified', binding: true, options: 'endpoint=ep-x' },
    ],
    [
      'postgres://postgres.ref:p@pooler.supabase.com:6543/postgres?pgbouncer=true&connection_limit=1&schema=public&supa=base',
      { user: 'postgres.ref', port: 6543 },
    ],
    [
      'postgresql://u:p@/d?host=/cloudsql/project:region:instance',
      { host: '/cloudsql/project:region:instance', user: 'u', encryption: 'none' },
    ],
    ['postgres://u@%2Fvar%2Frun%2Fpostgresql/d?sslmode=require', { host: '/var/run/postgresql', encryption: 'none' }],
    [
      'postgresql:///d?host=/run&port=5433&user=u&password=a+b',
      { host: '/run', port: 5433, user: 'u', password: 'a+b', database: 'd' },
    ],
    ['postgres://u@h?dbname=d', { host: 'h', database: 'd' }],
    ['POSTGRES://u@h/d', { kind: 'postgres' }],
    [
      'postgres://u@h/d?application_name=site&connect_timeout=10&target_session_attrs=read-write&gssencmode=disable',
      { application: 'site' },
    ],
    ['postgres://u@h/d?channel_binding=prefer', { binding: false, application: 'ajwtd' }],
    ['postgres://u@h/d?sslmode=verify-ca&sslrootcert=ca.pem', { encryption: 'authority', ca: 'ca.pem' }],
    ['postgres://u@h/d?sslmode=require&sslrootcert=ca.pem', { encryption: 'authority', ca: 'ca.pem' }],
    ['postgres://u@h/d?sslmode=verify-full&sslrootcert=system', { encryption: 'verified', ca: undefined }],
    ['postgres://u@h/d?sslmode=verify-full&sslcert=c.pem&sslkey=k.pem', { client: { cert: 'c.pem', key: 'k.pem' } }],
    ['mysql://doadmin:p@db.ondigitalocean.com:25060/d?ssl-mode=REQUIRED', { port: 25060, encryption: 'unverified' }],
    ['mysql://u:p@aws.connect.psdb.cloud/d?ssl={"rejectUnauthorized":true}', { encryption: 'verified' }],
    ['mysql://u:p@h/d?ssl=%7B%22rejectUnauthorized%22%3Atrue%7D', { encryption: 'verified' }],
    ['mysql2://u:p@h/d?reconnect=true&sslMode=VERIFY_IDENTITY', { kind: 'mysql', encryption: 'verified' }],
    ['mysql://u@h/d?ssl-mode=VERIFY_CA&ssl-ca=ca.pem', { encryption: 'authority', ca: 'ca.pem' }],
    ['mysql://u@/d?socket=/run/mysqld/mysqld.sock', { host: '/run/mysqld/mysqld.sock' }],
    ['mysql://u@h/d?sslmode=require', { encryption: 'unverified' }],
    ['mysql://u@h/d?charset=utf8mb4', { encryption: 'none' }],
    ['postgres://a@h/d?sslmode=require', { encryption: 'unverified', ca: undefined }],
    ['postgres://a@h/d?sslmode=verify-full&sslrootcert=/etc/ca.pem', { encryption: 'verified', ca: '/etc/ca.pem' }],
    ['mysql://a@h/d', { kind: 'mysql', port: 3306, encryption: 'none' }],
    ['mariadb://a@h:3307/d?ssl=require', { kind: 'mysql', port: 3307, encryption: 'unverified' }],
    ['mysql://a@h/d?ssl=verify-full&sslca=ca.pem', { encryption: 'verified', ca: 'ca.pem' }],
  ])('%s is accepted', (text, expected) => {
    expect(read(text)).toMatchObject(expected);
  });

  test('appears in messages without the password and the parameters', () => {
    const { name } = read('postgres://ajwtd:secret@db:5433/users?sslmode=require');
    expect(name).toBe('postgres://ajwtd@db:5433/users');
    expect(read('postgres://u:secret@/d?host=/run/pg').name).toBe('postgres://u@%2Frun%2Fpg/d');
    expect(read('postgres://a%40b:secret@[::1]/d%20e').name).toBe('postgres://a%40b@[::1]/d%20e');
  });
});

describe('an invalid database URL is refused in one line that does not repeat the password', () => {
  test.each([
    ['postgres://secret', 'must name user, host and database'],
    ['postgres://secret@h', 'must name user, host and database'],
    ['postgres://h/secret', 'must name user, host and database'],
    ['postgres:///secret', 'must name user, host and database'],
    ['postgres://a:secret@h/d#x', 'must name user, host and database'],
    ['postgres://a:secret@h/d?ssl=true', 'the parameter ssl is not supported here; write sslmode=require or sslmode='],
    [
      'postgres://a:secret@h/d?sslmode=prefer',
      'sslmode=prefer lets anyone on the network switch encryption off; write',
    ],
    ['postgres://a:secret@h/d?sslmode=allow', 'sslmode=allow lets anyone on the network switch encryption off; write'],
    ['postgres://a:secret@h/d?sslmode=__proto__', 'sslmode must be one of disable, require, verify-ca, verify-full'],
    ['postgres://a:secret@h/d?sslmode=verify-ca', 'sslmode=verify-ca needs sslrootcert=FILE'],
    ['postgres://a:secret@h/d?sslmode=verify-ca&sslrootcert=system', 'sslmode=verify-ca needs sslrootcert=FILE'],
    ['postgres://a:secret@h/d?sslrootcert=x', 'sslrootcert needs sslmode=verify-full, or nothing is encrypted'],
    [
      'postgres://a:secret@h/d?sslmode=require&channel_binding=require',
      'channel_binding=require needs sslmode=verify-full',
    ],
    ['postgres://a:secret@/d?host=/run&channel_binding=require', 'channel_binding=require needs sslmode=verify-full'],
    ['postgres://a:secret@h/d?channel_binding=x', 'channel_binding must be one of disable, prefer, require'],
    ['postgres://a:secret@h/d?sslcert=c.pem', 'sslcert and sslkey must be given together'],
    ['postgres://a@h/d?sslpassword=secret', 'the parameter sslpassword is not supported here; use a key file without'],
    ['postgres://a:secret@h/d?schema=mine', 'write options=-csearch_path%3DNAME'],
    ['postgres://a:secret@h/d?target_session_attrs=standby', 'ajwtd needs the primary'],
    ['postgres://a:secret@h/d?sslmode=require&sslmode=disable', 'the parameter sslmode is given twice'],
    ['postgres://a:secret@h/d?passfile=x', 'unknown parameter "passfile"; leave it out'],
    ['postgres://a:secret@h/d?secret/x=1', 'unknown parameter; leave it out'],
    ['postgres://a:secret@h1,h2/d', 'there is more than one host'],
    ['postgres://a:secret@h:1,h2:2/d', 'must name user, host and database'],
    ['postgres://a:secret@h:99999/d', 'the port must be 1 to 65535'],
    ['postgres://a:secret@/d', 'must name user, host and database'],
    ['postgres://a%00x:secret@h/d', 'must name user, host and database'],
    // In these passwords, special characters are not encoded.
    ['postgres://a:secret/x@h/d', 'write / ? # @ % as %2F %3F %23 %40 %25'],
    ['postgres://a:1/secret@h/d', 'write / ? # @ % as %2F %3F %23 %40 %25'],
    ['postgres://a:1?secret=1@h/d', 'write / ? # @ % as %2F %3F %23 %40 %25'],
    ['postgres://a:1#secret@h/d', 'write / ? # @ % as %2F %3F %23 %40 %25'],
    ['mysql://a:secret@h/d?ssl=PREFERRED', 'ssl=preferred lets anyone on the network switch encryption off'],
    ['mysql://a:secret@h/d?ssl=true', 'ssl must be one of disable, require, verify-ca, verify-full'],
    ['mysql://a:secret@h/d?useSSL=true', 'write ssl=require or ssl=verify-full'],
    ['mysql://a:secret@h/d?sslaccept=strict', 'write ssl=verify-full'],
    ['mysql://a:secret@h/d?charset=latin1', 'utf8mb4 is used'],
    ['mysql://a:secret@/d?socket=mysqld.sock', 'socket must be an absolute path'],
    ['mysql+pymysql://a:secret@h/d', 'must be sqlite:PATH'],
    ['postgres://a:secret%zz@h/d', 'write a % of the user, password or database as %25'],
    ['mysql://a:secret@127.0.0.1/d?ssl=verify-full', 'needs the host name in the certificate'],
    ['mysql://a:secret@[::1]/d?ssl=verify-full', 'needs the host name in the certificate'],
    ['oracle://a:secret@h/d', 'must be sqlite:PATH'],
    ['secret', 'must be sqlite:PATH'],
  ])('%s', (text, message) => {
    expect(() => read(text)).toThrow(message);
    expect(() => read(text)).not.toThrow('secret');
  });
});
