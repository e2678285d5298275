import { json, type RequestHandler } from '@sveltejs/kit';
import { auth } from '../../../auth.ts';

export const GET: RequestHandler = (event) => json({ email: auth.identity(event).user.email });
