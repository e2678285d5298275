import { webAuth } from 'asymmetric-jwt-auth/web';
import { authenticator } from './authenticator';

export const auth = webAuth(authenticator);
