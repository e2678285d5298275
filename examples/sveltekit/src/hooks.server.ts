import type { Handle } from '@sveltejs/kit/hooks';
import { auth } from './auth.ts';

export const handle: Handle = auth;
