/** Builds applications with Astro for Node. Their middleware and endpoints call the functions that a test sets. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { appFolder, runIn } from 'ajwt-testkit/app-folder';
import { FRAMEWORK_TOOLS } from 'ajwt-testkit/pinned-tools';
import type { AstroContext } from 'asymmetric-jwt-auth/astro';

const MODULES = join(FRAMEWORK_TOOLS.folder, 'node_modules');

/** The part of Astro's `APIContext` that the tests use. */
export interface Context extends AstroContext {
  rewrite(path: string): Promise<Response>;
}

/** A middleware of Astro. */
type Middleware = (context: Context, next: (path?: string) => Promise<Response>) => Promise<Response>;

/** What an application calls. */
export interface AstroApp {
  /** Returns the middleware for a request. It is passed to `sequence()`. */
  middleware(context: Context): readonly Middleware[];
  /** Returns the JSON of the response, or the response. */
  respond(context: Context): unknown;
}

declare global {
  var astroApp: AstroApp;
}

const CONFIG = `
  import node from '@astrojs/node';
  import { defineConfig } from 'astro/config';
  import { defaultServerConditions } from 'vite';
  const resolve = { conditions: ['source', ...defaultServerConditions], noExternal: ['asymmetric-jwt-auth'] };
  export default defineConfig({
    output: 'server',
    adapter: node({ mode: 'middleware' }),
    cacheDir: './cache',
    vite: { cacheDir: './cache/vite', environments: { ssr: { resolve }, prerender: { resolve } } },
  });
`;
const MIDDLEWARE = `
  import { sequence } from 'astro:middleware';
  export const onRequest = (context, next) => sequence(...globalThis.astroApp.middleware(context))(context, next);
`;

/** An endpoint that responds to every method. */
export const ENDPOINT = `
  export const ALL = async (context) => {
    const body = await globalThis.astroApp.respond(context);
    return body instanceof Response ? body : Response.json(body);
  };
`;

/**
 * Builds an application.
 *
 * @param files - the text of each file, by its path; they replace the defaults
 * @returns the folder of the application
 */
export async function buildAstro(files: Readonly<Record<string, string>>): Promise<string> {
  const defaults = { 'astro.config.mjs': CONFIG, 'src/middleware.ts': MIDDLEWARE };
  const folder = await appFolder({ ...defaults, ...files }, MODULES);
  await runIn(folder, join(MODULES, 'astro/bin/astro.mjs'), ['build']);
  return folder;
}

/** Returns the request handler of an application, for `node:http`. */
export async function astroHandler(folder: string): Promise<RequestListener> {
  const { handler } = await import(/* @vite-ignore */ pathToFileURL(join(folder, 'dist/server/entry.mjs')).href);
  return handler;
}

/** Makes a server whose repeated headers Astro sees, as FRAMEWORKS.md shows. */
export const astroServer = (handler: RequestListener): Server => createServer({ joinDuplicateHeaders: true }, handler);
