/** Fetches the JWK sets that users publish, as the server does. */
import { type JwksError, jwksClient } from 'asymmetric-jwt-auth/jwks';
import type { Config } from '../../config.ts';
import type { AnyDatabase } from './database.ts';
import { type Finding, findingsOf } from './finding.ts';

const { ok, hint, warning } = findingsOf('key-sets');

/** Maximum number of sets that are fetched. */
const MOST = 50;

export async function checkKeySets(db: AnyDatabase, { privateHosts }: Config): Promise<readonly Finding[]> {
  const rows = await db
    .selectFrom('ajwt_key_set')
    .select('url')
    .distinct()
    .orderBy('url')
    .limit(MOST + 1)
    .execute();
  const urls = rows.slice(0, MOST).map(({ url }) => String(url));
  const problems: JwksError[] = [];
  const client = jwksClient({ privateHosts, onProblem: (error) => void problems.push(error) });
  const counts = await Promise.all(
    urls.map(async (url) => {
      try {
        return (await client.jwksKeys(url, { kid: undefined })).length;
      } catch {
        // The client has reported the reason.
        return 0;
      }
    }),
  );
  const usable = counts.filter((count) => count > 0).length;
  return [
    ...(usable === 0 ? [] : [ok(`JWK sets that can be used: ${usable} of ${urls.length}`)]),
    ...problems.map(({ code, message }) => warning(message, ADVICE[code] ?? OTHERWISE)),
    ...(rows.length > MOST ? [hint(`only ${MOST} JWK sets were fetched`)] : []),
  ];
}

const OTHERWISE = 'ask its owner to correct it; while it cannot be used, its users get a 503 or 401';

const ADVICE: Partial<Readonly<Record<JwksError['code'], string>>> = {
  forbidden_address: 'if this host is intended, start the server with --jwks-allow-private HOST',
  leaked_key: 'ask its owner to replace the key at once: anyone can sign with it',
};
