import { h3Auth } from 'asymmetric-jwt-auth/h3';
import { H3, serve } from 'h3';
import { authenticator } from './authenticator.ts';

const auth = h3Auth(authenticator);

const app = new H3();
app.use('/api/**', auth);
app.get('/api/me', (event) => ({ email: auth.identity(event).user.email }));

serve(app, { port: Number(process.env.PORT ?? 3000), hostname: '127.0.0.1', silent: true });
