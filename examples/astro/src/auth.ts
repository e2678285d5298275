import { astroAuth } from 'asymmetric-jwt-auth/astro';
import { authenticator } from './authenticator.ts';

export const auth = astroAuth(authenticator);
