import { nestAuth } from 'asymmetric-jwt-auth/nest';
import { authenticator } from './authenticator.js';

export const auth = nestAuth(authenticator);
