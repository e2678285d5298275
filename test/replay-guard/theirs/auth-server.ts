/** An authorization server that relies on the replay detection of oidc-provider, with an adapter that stores everything in Redis. */
import { readFileSync } from 'node:fs';
import { type Adapter, type AdapterPayload, Provider } from 'oidc-provider';
import { redis } from './redis.ts';

function redisAdapter(name: string): Adapter {
  const keyOf = (id: string) => `${name}:${id}`;
  const unused = async () => undefined;
  return {
    async upsert(id, payload, expiresIn) {
      await redis.setex(keyOf(id), Number(expiresIn), JSON.stringify(payload));
    },
    async find(id) {
      const text = await redis.get(keyOf(id));
      return text === null ? undefined : (JSON.parse(text) as AdapterPayload);
    },
    async destroy(id) {
      await redis.del(keyOf(id));
    },
    findByUserCode: unused,
    findByUid: unused,
    consume: unused,
    revokeByGrantId: unused,
  };
}

const provider = new Provider('https://auth.example.com', {
  adapter: redisAdapter,
  clients: [
    {
      client_id: 'acme',
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: JSON.parse(readFileSync('acme.jwks.json', 'utf8')),
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    },
  ],
  features: { clientCredentials: { enabled: true } },
});

provider.listen(Number(process.env.PORT));
