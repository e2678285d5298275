/** An API with the Redis commands that EXAMPLES.md of express-oauth2-jwt-bearer recommends for production: EXISTS, then SETEX. */
import { readFileSync } from 'node:fs';
import express from 'express';
import { auth } from 'express-oauth2-jwt-bearer';
import { decodeJwt } from 'jose';
import { redis } from './redis.ts';

const app = express();
app.use(
  auth({
    issuer: 'https://auth.example.com',
    audience: 'https://api.example.com',
    publicKey: JSON.parse(readFileSync('auth-server.jwk.json', 'utf8')),
    dpop: { enabled: true, required: true },
  }),
  async (req, res, next) => {
    const { jti, iat = 0 } = decodeJwt(req.get('DPoP') ?? '');
    if (await redis.exists(`dpop:${jti}`)) {
      res.sendStatus(401);
      return;
    }
    await redis.setex(`dpop:${jti}`, Math.max(1, iat + 330 - Math.floor(Date.now() / 1000)), '1');
    next();
  },
);
app.get('/me', (req, res) => {
  res.json({ sub: req.auth?.payload.sub });
});

app.listen(Number(process.env.PORT));
