/** Secrets are masked wherever a setting is shown. */
import { describe, expect, test } from 'vitest';
import { maskSecret } from '../../src/configuration/shown.ts';

describe('only the password of a URL is replaced with ***:', () => {
  test.each([
    ['sqlite:/var/lib/ajwt.db', 'sqlite:/var/lib/ajwt.db'],
    ['database', 'database'],
    ['postgres://app@db/users', 'postgres://app@db/users'],
    ['postgres://app:s3cret@db:5433/users?sslmode=verify-full', 'postgres://app:***@db:5433/users?sslmode=verify-full'],
    ['postgres://:s3cret@db/users?user=app', 'postgres://:***@db/users?user=app'],
    ['postgres://app@db/users?password=s3cret&sslmode=require', 'postgres://app@db/users?password=***&sslmode=require'],
    ['postgres://app@db/users?PASS-WORD=s3cret', 'postgres://app@db/users?PASS-WORD=***'],
    ['mysql://app:a%40b@[::1]:3306/users?ssl-ca=ca.pem', 'mysql://app:***@[::1]:3306/users?ssl-ca=ca.pem'],
    ['postgres://app:s3:cret@db/users', 'postgres://app:***@db/users'],
    ['redis://10.0.0.1:6379', 'redis://10.0.0.1:6379'],
    ['rediss://app:s3cret@cache:6379/2', 'rediss://app:***@cache:6379/2'],
    ['redis://:s3cret@cache', 'redis://:***@cache'],
    ['redis://s3cret@cache', 'redis://:***@cache'],
    ['redis+sentinel://app:s3cret@a,b/mymaster', 'redis+sentinel://app:***@a,b/mymaster'],
  ])('%s', (url, shown) => expect(maskSecret(url)).toBe(shown));
});
