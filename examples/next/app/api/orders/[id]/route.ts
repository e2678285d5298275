import { auth } from '@/lib/auth';

export const GET = auth.protect(async (_request, identity, { params }: { params: Promise<{ id: string }> }) => {
  const { id } = await params;
  return Response.json({ id, owner: identity.username });
});
