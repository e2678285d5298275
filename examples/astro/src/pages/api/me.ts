import type { APIRoute } from 'astro';
import { auth } from '../../auth.ts';

export const GET: APIRoute = (context) => Response.json({ email: auth.identity(context).user.email });
