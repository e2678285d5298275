/** The connection of a worker to the primary process. */
import type { DecisionBatch } from '../gateway/decision-feed.ts';
import type { Question, Questions, ToPrimary, ToWorker } from './messages.ts';
import type { SentSettings } from './settings.ts';

/** Answers questions of the primary process. */
type Answers = {
  readonly [Name in Question]: (
    given: Questions[Name]['given'],
  ) => Questions[Name]['answer'] | Promise<Questions[Name]['answer']>;
};

export interface Primary {
  /** The settings with which the worker starts. */
  readonly settings: Promise<SentSettings>;
  /** Answers all questions, including those that arrived earlier. */
  answer(answers: Answers): void;
  /** Tells the primary process that this worker accepts requests. */
  tellReady(): void;
  /** Sends decisions to a follower. The promise resolves when they have been sent. */
  sendDecisions(follower: number, batch: DecisionBatch): Promise<void>;
  /** Disconnects after all answers are sent: while the two processes are connected, neither exits. */
  leave(): Promise<void>;
}

type QuestionMessage = Extract<ToWorker, { id: number }>;

/** Connects, and asks for the settings. */
export function connectToPrimary(): Primary {
  const { promise: settings, resolve } = Promise.withResolvers<SentSettings>();
  const early: QuestionMessage[] = [];
  const pending = new Set<Promise<void>>();
  let answers: Answers | undefined;

  async function reply({ kind, id, given }: QuestionMessage, using: Answers): Promise<void> {
    const answer = await (using[kind] as (given: unknown) => Questions[Question]['answer'])(given);
    await send({ kind: 'answer', id, answer });
  }
  function ask(question: QuestionMessage): void {
    if (answers === undefined) {
      early.push(question);
      return;
    }
    const work = reply(question, answers).finally(() => pending.delete(work));
    pending.add(work);
  }
  process.on('message', (message: ToWorker) => {
    if (message.kind === 'settings') resolve(message.settings);
    else ask(message);
  });
  void send({ kind: 'hello' });

  return {
    settings,
    answer(given) {
      answers = given;
      for (const question of early.splice(0)) ask(question);
    },
    tellReady: () => void send({ kind: 'ready' }),
    sendDecisions: (follower, batch) => send({ kind: 'decisions', follower, batch }),
    async leave() {
      await Promise.all(pending);
      process.disconnect?.();
    },
  };
}

/** Sends a message. The promise resolves even if the primary process has exited. */
function send(message: ToPrimary): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });
}
