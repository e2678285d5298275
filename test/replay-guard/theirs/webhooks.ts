/**
 * A receiver of webhooks that follows the documentation of Standard Webhooks: it verifies each delivery and, if IDS is set, saves the ids in
 * Redis for 5 minutes. The documentation does not say how to save them; this is the usual way.
 */
import express from 'express';
import { Webhook } from 'standardwebhooks';
import { redis } from './redis.ts';

const webhook = new Webhook(process.env.WEBHOOK_SECRET ?? '');
const app = express();

app.post('/webhooks', express.raw({ type: '*/*' }), async (req, res) => {
  try {
    webhook.verify(req.body, req.headers as Record<string, string>);
  } catch {
    res.sendStatus(400);
    return;
  }
  if (process.env.IDS !== undefined) {
    const key = `webhook:${req.get('webhook-id')}`;
    if (await redis.exists(key)) {
      res.sendStatus(409);
      return;
    }
    await redis.setex(key, 300, '1');
  }
  res.sendStatus(204);
});

app.listen(Number(process.env.PORT));
