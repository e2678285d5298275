import { serve } from 'srvx';
import { handler } from './handler.ts';

serve({ fetch: handler, port: Number(process.env.PORT ?? 3000), hostname: '127.0.0.1', silent: true });
