/** Makes applications with each version of NestJS that `nestAuth` supports. */
import 'reflect-metadata';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import * as common from '@nestjs/common';
import * as core from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { FRAMEWORK_TOOLS } from 'ajwt-testkit/pinned-tools';
import type { NestAuth } from 'asymmetric-jwt-auth/nest';
import type { AdapterUser } from 'asymmetric-jwt-auth/testing';

export type Auth = NestAuth<AdapterUser>;
export type Decorators = readonly (ClassDecorator & MethodDecorator)[];
export type Platform = 'Express' | 'Fastify';

/** The parts of a version of NestJS that the tests use. */
export interface NestVersion {
  readonly common: typeof common;
  readonly core: typeof core;
  readonly ExpressAdapter: typeof ExpressAdapter;
  readonly FastifyAdapter: typeof FastifyAdapter;
}

/** The version in the project's `node_modules`. */
const NEWEST: NestVersion = { common, core, ExpressAdapter, FastifyAdapter };

/** Loads the version in the framework tools. */
function loadOlder(): NestVersion {
  const load = createRequire(join(FRAMEWORK_TOOLS.folder, 'package.json'));
  return {
    common: load('@nestjs/common'),
    core: load('@nestjs/core'),
    ExpressAdapter: load('@nestjs/platform-express').ExpressAdapter,
    FastifyAdapter: load('@nestjs/platform-fastify').FastifyAdapter,
  };
}

const VERSIONS = [
  { version: 12, load: () => NEWEST, isSkipped: false, note: '' },
  { version: 11, load: loadOlder, isSkipped: FRAMEWORK_TOOLS.areMissing, note: FRAMEWORK_TOOLS.note },
] as const;

/** Each version on each platform. */
export const NEST = VERSIONS.flatMap(({ version, load, isSkipped, note }) =>
  (['Express', 'Fastify'] as const).map((platform) => ({
    name: `NestJS ${version} on ${platform}${note}`,
    platform,
    load,
    isSkipped,
  })),
);

/** Makes a controller, as decorators do. `routes` has the handler of each path, with further decorators of the method. */
export function controller(
  { common: { Controller, Get, Req } }: NestVersion,
  prefix: string,
  routes: Readonly<Record<string, readonly [handler: (request: object) => unknown, ...Decorators]>>,
  ...ofClass: Decorators
): new () => object {
  class Routes {}
  for (const [path, [handler, ...decorators]] of Object.entries(routes)) {
    const descriptor = { value: (request: object) => handler(request), writable: true, configurable: true };
    Object.defineProperty(Routes.prototype, path, descriptor);
    Req()(Routes.prototype, path, 0);
    for (const decorate of [Get(path), ...decorators]) decorate(Routes.prototype, path, descriptor);
  }
  for (const decorate of [Controller(prefix), ...ofClass]) decorate(Routes);
  return Routes;
}

/** Makes an application, which is not started. */
export async function appOf(
  version: NestVersion,
  platform: Platform,
  controllers: readonly (new () => object)[],
  global?: Auth,
  options: ConstructorParameters<typeof FastifyAdapter>[0] = {},
): Promise<common.INestApplication> {
  class App {}
  const providers = global === undefined ? [] : [{ provide: version.core.APP_GUARD, useValue: global }];
  version.common.Module({ controllers: [...controllers], providers })(App);
  const adapter = platform === 'Express' ? new version.ExpressAdapter() : new version.FastifyAdapter(options);
  return version.core.NestFactory.create(App, adapter as never, { logger: false });
}

/** Starts an application. @returns its origin */
export async function urlOf(app: common.INestApplication): Promise<string> {
  await app.listen(0, '127.0.0.1');
  return `http://127.0.0.1:${((app.getHttpServer() as Server).address() as AddressInfo).port}`;
}
