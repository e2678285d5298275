import { Redis } from 'ioredis';

export const redis = new Redis(Number(process.env.REDIS_PORT), '127.0.0.1');
