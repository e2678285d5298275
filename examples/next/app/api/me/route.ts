import { auth } from '@/lib/auth';

export const GET = auth.protect((_request, identity) => Response.json({ email: identity.user.email }));
