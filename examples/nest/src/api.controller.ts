import { Controller, createParamDecorator, Get } from '@nestjs/common';
import type { Identity } from 'asymmetric-jwt-auth';
import { auth } from './auth.js';

const Caller = createParamDecorator(auth.param);

@Controller('api')
export class ApiController {
  @Get('me')
  me(@Caller() caller: Identity<{ email: string }>) {
    return { email: caller.user.email };
  }
}
