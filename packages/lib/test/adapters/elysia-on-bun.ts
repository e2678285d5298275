/** Runs the contract of adapters with Elysia on Bun, and prints the name of each case that holds. */
import { adapterContract } from 'asymmetric-jwt-auth/testing';
import { makeApp } from './elysia-app.ts';

const cases = adapterContract({
  start(authenticator) {
    const app = makeApp(authenticator).listen({ port: 0, hostname: '127.0.0.1' });
    return { url: `http://127.0.0.1:${app.server?.port}`, close: () => app.stop(true) };
  },
});
for (const { name, run } of cases) {
  await run();
  console.log(name);
}
