/** Measures the overhead of `createSignedFetch`, compared with `createAuthorization`. Both use a fetch that does nothing. */
import { createAuthorization, createSignedFetch } from 'asymmetric-jwt-auth/client';
import type { Kind } from './kinds.ts';
import { compare, type Row } from './pairs.ts';

const CALLS = 1000;
const ROUNDS = 10;
const URL_CALLED = 'https://api.example.com/v1/items?x=1';

export async function benchFetch({ make }: Kind): Promise<Row[]> {
  const key = await make();
  const answer = new Response(null, { status: 204 });
  const nothing = (async () => answer) as typeof fetch;
  const api = createSignedFetch({ username: 'guido', key, fetch: nothing });
  const each = (work: () => Promise<Response>) => async (from: number, to: number) => {
    let succeeded = 0;
    for (let index = from; index < to; index++) if ((await work()).status === 204) succeeded++;
    return succeeded;
  };
  return compare(
    {
      name: 'createAuthorization() and fetch',
      run: each(async () => {
        const authorization = await createAuthorization({ username: 'guido', key });
        return nothing(URL_CALLED, { headers: { authorization } });
      }),
    },
    [{ name: 'createSignedFetch()', run: each(() => api(URL_CALLED)) }],
    { items: CALLS, rounds: ROUNDS },
  );
}
