import { authMiddleware } from '../auth.server';

export const middleware = [authMiddleware];
