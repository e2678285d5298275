/** Signals are remembered until the server can handle them. */
import { afterEach, expect, test, vi } from 'vitest';
import { receiveSignals, type Signals } from '../../src/operations/signals.ts';

let signals: Signals;
afterEach(() => signals.release());

const send = (name: NodeJS.Signals) => process.emit(name, name);

/** Handlers that finish when the test says so. */
function handlers() {
  const calls: string[] = [];
  let finish = () => {};
  const call = (name: string) => () => {
    calls.push(name);
    return new Promise<void>((resolve) => {
      finish = resolve;
    });
  };
  return { calls, finish: () => finish(), reload: call('reload'), describe: call('describe') };
}

test('SIGHUP and SIGUSR2 before the server has started are handled when it has', async () => {
  signals = receiveSignals();
  send('SIGHUP');
  send('SIGHUP');
  send('SIGUSR2');
  const given = handlers();
  signals.handle(given);
  expect(given.calls).toEqual(['reload']);
  given.finish();
  await vi.waitFor(() => expect(given.calls).toEqual(['reload', 'describe']));
});

test('a reload begins after the previous one has finished, and several signals meanwhile cause one reload', async () => {
  signals = receiveSignals();
  const given = handlers();
  signals.handle(given);
  send('SIGHUP');
  send('SIGHUP');
  send('SIGHUP');
  expect(given.calls).toEqual(['reload']);
  given.finish();
  await vi.waitFor(() => expect(given.calls).toEqual(['reload', 'reload']));
  given.finish();
  await vi.waitFor(() => send('SIGUSR2') && expect(given.calls).toContain('describe'));
  expect(given.calls.filter((name) => name === 'reload')).toHaveLength(2);
});

test('SIGTERM before the server has started ends it when it has', async () => {
  signals = receiveSignals();
  send('SIGTERM');
  expect(await signals.end).toBe('SIGTERM');
});

test('the second signal exits with code 1, after what must be done before', () => {
  const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
  const before = vi.fn();
  signals = receiveSignals();
  signals.onSecondEnd(before);
  send('SIGINT');
  expect(exit).not.toHaveBeenCalled();
  send('SIGTERM');
  expect(before).toHaveBeenCalledWith('SIGTERM');
  expect(exit).toHaveBeenCalledWith(1);
  exit.mockRestore();
});

test('after release, no listener is left', () => {
  const count = () => (['SIGHUP', 'SIGUSR2', 'SIGTERM', 'SIGINT'] as const).map((name) => process.listenerCount(name));
  const before = count();
  signals = receiveSignals();
  expect(count()).toEqual(before.map((listeners) => listeners + 1));
  signals.release();
  expect(count()).toEqual(before);
});
