import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { ApiController } from './api.controller.js';
import { auth } from './auth.js';

@Module({ controllers: [ApiController], providers: [{ provide: APP_GUARD, useValue: auth }] })
class AppModule {}

const app = await NestFactory.create(AppModule);
await app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
