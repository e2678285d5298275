/** Builds applications with SvelteKit for Node. Their hooks and routes call the functions that a test sets. */
import type { RequestListener } from 'node:http';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { RequestEvent } from '@sveltejs/kit';
import type { Handle, HandleFetch } from '@sveltejs/kit/hooks';
import { appFolder, runIn } from 'ajwt-testkit/app-folder';

/** What an application calls. */
export interface SvelteKitApp {
  /** Returns the hooks for a request. They are passed to `sequence()`. */
  hooks(event: RequestEvent): readonly Handle[];
  readonly handleFetch?: HandleFetch;
  /** Returns the JSON of the response, or the response. */
  respond(event: RequestEvent): unknown;
}

declare global {
  var svelteKitApp: SvelteKitApp;
}

const CONFIG = `
  import adapter from '@sveltejs/adapter-node';
  import { sveltekit } from '@sveltejs/kit/vite';
  import { defaultServerConditions } from 'vite';
  export default {
    plugins: [sveltekit({ adapter: adapter(), experimental: { remoteFunctions: true } })],
    ssr: { resolve: { conditions: ['source', ...defaultServerConditions] }, noExternal: ['asymmetric-jwt-auth'] },
  };
`;
const HTML = '<!doctype html><html><head>%sveltekit.head%</head><body>%sveltekit.body%</body></html>';
const HOOKS = `
  import { sequence } from '@sveltejs/kit/hooks';
  export const handle = (input) => sequence(...globalThis.svelteKitApp.hooks(input.event))(input);
  export const handleFetch = (input) =>
    (globalThis.svelteKitApp.handleFetch ?? (({ request, fetch }) => fetch(request)))(input);
`;

/** An endpoint that responds to every method. */
export const ENDPOINT = `
  export const fallback = async (event) => {
    const body = await globalThis.svelteKitApp.respond(event);
    return body instanceof Response ? body : Response.json(body);
  };
`;

/**
 * Builds an application.
 *
 * @param files - the text of each file, by its path; they replace the defaults
 * @returns the folder of the application
 */
export async function buildSvelteKit(files: Readonly<Record<string, string>>): Promise<string> {
  const defaults = { 'vite.config.js': CONFIG, 'src/app.html': HTML, 'src/hooks.server.ts': HOOKS };
  const folder = await appFolder({ ...defaults, ...files });
  await runIn(folder, resolve('node_modules/vite/bin/vite.js'), ['build']);
  return folder;
}

/** Returns the request handler of an application, for `node:http` and for Express. */
export async function svelteKitHandler(folder: string): Promise<RequestListener> {
  const { handler } = await import(/* @vite-ignore */ pathToFileURL(join(folder, 'build/handler.js')).href);
  return handler;
}
