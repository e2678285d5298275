/** The cases with more than one process: restarts, lost data, and races. */
import type { NonceClaim, NonceStore } from '../core/contracts.ts';
import { type ContractCase, ContractError, same } from './contract.ts';
import { type CaseSetting, caseMaker, type NonceStoreFixture } from './nonce-store-fixture.ts';

const NONCES = 2000;

const outcomeOf = async (store: NonceStore, claim: NonceClaim, now: number) =>
  Promise.resolve()
    .then(() => store.claim(claim, now))
    .catch(() => 'unavailable' as const);

/** Checks that new tokens are accepted within 2T + M. */
async function servesAgain(store: NonceStore, { clock, setup }: CaseSetting): Promise<void> {
  const end = clock.now + 2 * setup.tolerance + setup.clockMargin;
  for (; clock.now <= end; clock.now++) {
    const claim = { username: 'alice', time: clock.now, nonce: `new at ${clock.now}` };
    if ((await outcomeOf(store, claim, clock.now)) === 'claimed') return;
  }
  throw new ContractError('no new token was accepted within 2T + M');
}

/** @returns the cases that the fixture supports */
export function nonceStoreLives(fixture: NonceStoreFixture): ContractCase[] {
  const contractCase = caseMaker(fixture);
  const { restart, loseMemory, race } = fixture;
  const cases: ContractCase[] = [];

  if (typeof restart === 'function') {
    cases.push(
      contractCase(
        'remembers every nonce after a restart, and then claims new nonces',
        async (store, clock, setting) => {
          const claim = { username: 'alice', time: clock.now, nonce: 'n' };
          same(await store.claim(claim, clock.now), 'claimed', 'first claim');
          const next = setting.replace(await restart(store, setting.setup));
          same(await next.claim(claim, clock.now), 'replayed', 'claim after the restart');
          await servesAgain(next, setting);
          same(await next.claim(claim, clock.now), 'replayed', 'claim of the old nonce after a new one');
        },
      ),
    );
  }

  if (typeof loseMemory === 'function') {
    cases.push(
      contractCase(
        'refuses nonces of earlier seconds after it lost its data, and then claims new nonces',
        async (store, clock, setting) => {
          await store.open(clock.now);
          clock.now += 5;
          const claim = { username: 'alice', time: clock.now - 1, nonce: 'n' };
          same(await store.claim(claim, clock.now), 'claimed', 'first claim');
          const next = setting.replace(await loseMemory(store, setting.setup));
          same((await outcomeOf(next, claim, clock.now)) === 'claimed', false, 'claimed again after the loss');
          await servesAgain(next, setting);
          same(
            (await outcomeOf(next, claim, clock.now)) === 'claimed',
            false,
            'old nonce claimed again after a new one',
          );
        },
      ),
    );
  }

  if (typeof race === 'function') {
    cases.push(
      contractCase(`lets one of several processes claim each of ${NONCES} nonces`, async (store, { now }) => {
        // Uses a time in the future, within T + M. The processes take seconds to start, and their stores may refuse earlier times.
        const time = now + 35;
        const processes = await race({ time, nonces: NONCES });
        same(processes.length > 1, true, 'several processes');
        const sum = (outcome: 'claimed' | 'replayed' | 'unavailable') =>
          processes.reduce((total, outcomes) => total + (outcomes[outcome] ?? 0), 0);
        same(sum('claimed') + sum('replayed') + sum('unavailable'), processes.length * NONCES, 'claims');
        let claimed = sum('claimed');
        for (let nonce = 0; nonce < NONCES; nonce++) {
          const claim = { username: 'alice', time, nonce: String(nonce) };
          if ((await outcomeOf(store, claim, now)) === 'claimed') claimed += 1;
        }
        same(claimed <= NONCES, true, 'no nonce was claimed twice');
        same(claimed + sum('unavailable') >= NONCES, true, 'every nonce was claimed, or its outcome is unknown');
      }),
    );
  }
  return cases;
}
