/** Receives the signals of a server. */
import { watchTerminal } from './terminal.ts';

/** What a server does on signals other than those that end it. */
interface SignalHandlers {
  /** SIGHUP. */
  reload(): Promise<void>;
  /** SIGUSR2. */
  describe(): Promise<void>;
}

export interface Signals {
  /** The first SIGTERM or SIGINT, or SIGHUP because the terminal was closed. The process exits with code 1 after the second. */
  readonly end: Promise<NodeJS.Signals>;
  /** Handles SIGHUP and SIGUSR2 from now on, including signals that arrived earlier. */
  handle(handlers: SignalHandlers): void;
  /** Calls a function before the process exits because of a second SIGTERM or SIGINT. */
  onSecondEnd(call: (signal: NodeJS.Signals) => void): void;
  /** Gives all signals their default effects again. */
  release(): void;
}

/** Receives signals from now on. Call this before anything slow, because a signal without a listener ends the process. */
export function receiveSignals(): Signals {
  const isTerminalClosed = watchTerminal();
  const waiting = new Set<keyof SignalHandlers>();
  let handlers: SignalHandlers | undefined;
  let isBusy = false;
  let isFirst = true;
  let beforeExit = (_signal: NodeJS.Signals) => {};
  const { promise: end, resolve } = Promise.withResolvers<NodeJS.Signals>();

  /** Runs one handler at a time. If a signal arrives several times in the meantime, its handler runs only once. */
  async function workOff(): Promise<void> {
    if (isBusy || handlers === undefined) return;
    isBusy = true;
    for (const name of waiting) {
      waiting.delete(name);
      await handlers[name]();
    }
    isBusy = false;
  }
  function arrived(name: keyof SignalHandlers): void {
    waiting.add(name);
    void workOff();
  }
  function toEnd(signal: NodeJS.Signals): void {
    if (isFirst) {
      isFirst = false;
      resolve(signal);
    } else {
      beforeExit(signal);
      process.exit(1);
    }
  }

  const listeners: readonly (readonly [NodeJS.Signals, (signal: NodeJS.Signals) => void])[] = [
    ['SIGHUP', (signal) => (isTerminalClosed() ? toEnd(signal) : arrived('reload'))],
    ['SIGUSR2', () => arrived('describe')],
    ['SIGTERM', toEnd],
    ['SIGINT', toEnd],
  ];
  for (const [name, listener] of listeners) process.on(name, listener);
  return {
    end,
    handle(given) {
      handlers = given;
      void workOff();
    },
    onSecondEnd(call) {
      beforeExit = call;
    },
    release() {
      for (const [name, listener] of listeners) process.off(name, listener);
    },
  };
}
