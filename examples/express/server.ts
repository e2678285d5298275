import { expressAuth } from 'asymmetric-jwt-auth/express';
import express from 'express';
import { authenticator } from './authenticator.ts';

const auth = expressAuth(authenticator);

const app = express();
app.use('/api', auth);
app.get('/api/me', (req, res) => {
  res.json({ email: auth.identity(req).user.email });
});

app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
