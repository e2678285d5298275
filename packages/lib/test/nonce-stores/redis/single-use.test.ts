import { lacksRedis } from 'ajwt-testkit/servers/redis';
import { describe, test } from 'vitest';
import { singleUse } from '../../../src/index.ts';
import { checkSingleUse } from '../../server/single-use-property.ts';
import { LIBRARIES, redisFixture } from './fixture.ts';

describe.skipIf(lacksRedis()).each(LIBRARIES)('through %s', (library) => {
  const { connect, serve } = redisFixture(library);

  test('exactly one of concurrent callers with one id succeeds', async () => {
    const stores = [await serve({ tolerance: 300 }), await serve({ tolerance: 300 }, await connect())];
    await checkSingleUse(stores.map((one) => singleUse(one)));
  });
});
