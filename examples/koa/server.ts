import Router from '@koa/router';
import { koaAuth } from 'asymmetric-jwt-auth/koa';
import Koa from 'koa';
import { authenticator } from './authenticator.ts';

const auth = koaAuth(authenticator);

const router = new Router();
router.get('/api/me', auth, (ctx) => {
  ctx.body = { email: auth.identity(ctx).user.email };
});

const app = new Koa();
app.use(router.routes());
app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
