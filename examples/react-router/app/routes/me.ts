import { callerContext } from '../auth.server';
import type { Route } from './+types/me';

export function loader({ context }: Route.LoaderArgs) {
  return Response.json({ email: context.get(callerContext).user.email });
}
