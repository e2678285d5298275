import { sveltekitAuth } from 'asymmetric-jwt-auth/sveltekit';
import { authenticator } from './authenticator.ts';

export const auth = sveltekitAuth(authenticator);
