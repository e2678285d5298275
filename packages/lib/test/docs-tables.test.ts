/** The tables of the documentation list the same codes as the source. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { SignedFetchErrorCode } from '../src/client.ts';
import type { SodiumErrorCode } from '../src/engine/sodium.ts';
import {
  KeyConflictError,
  type KeyErrorCode,
  MALFORMED,
  REASONS,
  type ReasonEntry,
  type SingleUseErrorCode,
  UnavailableError,
} from '../src/index.ts';
import { JWKS_PROBLEMS } from '../src/jwks.ts';
import type { KmsErrorCode } from '../src/kms.ts';
import type { SshAgentErrorCode } from '../src/signers/ssh-agent/ssh-agent-signer.ts';
import type { DirectoryErrorCode } from '../src/sql.ts';
import { ContractError } from '../src/testing.ts';

/** The codes of types that have no table in the source. A missing or unknown code does not compile. */
const KEY_ERRORS: Readonly<Record<KeyErrorCode, true>> = {
  malformed: true,
  unsupported: true,
  weak_key: true,
  too_large: true,
  private_key: true,
  public_key: true,
  passphrase_required: true,
  wrong_passphrase: true,
  missing_peer: true,
  unreadable: true,
};
const SIGNED_FETCH_ERRORS: Readonly<Record<SignedFetchErrorCode, true>> = {
  cross_origin_redirect: true,
  body_not_repeatable: true,
  body_not_signable: true,
  too_many_redirects: true,
  bad_redirect: true,
  hidden_redirect: true,
  clock_behind: true,
  clock_too_far: true,
};
const SSH_AGENT_ERRORS: Readonly<Record<SshAgentErrorCode, true>> = {
  no_agent: true,
  unreachable: true,
  no_usable_key: true,
  several_keys: true,
  unknown_key: true,
  refused: true,
  bad_answer: true,
  timed_out: true,
};
const KMS_ERRORS: Readonly<Record<KmsErrorCode, true>> = {
  unsupported: true,
  not_signed: true,
  bad_answer: true,
  timed_out: true,
};
const SODIUM_ERRORS: Readonly<Record<SodiumErrorCode, true>> = { missing_peer: true, unusable: true };
const SINGLE_USE_ERRORS: Readonly<Record<SingleUseErrorCode, true>> = {
  replayed: true,
  stale: true,
  from_the_future: true,
  forgotten: true,
  rate_limited: true,
  malformed: true,
};
const DIRECTORY_ERRORS: Readonly<Record<DirectoryErrorCode, true>> = {
  bad_username: true,
  bad_comment: true,
  bad_expiry: true,
  bad_query: true,
  bad_url: true,
  forbidden_address: true,
  unknown_user: true,
  unknown_key: true,
  unknown_jwks: true,
  user_exists: true,
  key_revoked: true,
  not_replaced: true,
};

const PROTOCOL = 'spec/PROTOCOL.md';
const LIFECYCLE = 'spec/LIFECYCLE.md';
const ERRORS = 'docs/ERRORS.md';

const textOf = (page: string) => readFileSync(new URL(`../../../${page}`, import.meta.url), 'utf8');

/** Returns the cells of each row of the first table after a heading that begins with these columns. */
function tableOf(page: string, heading: string, columns: readonly string[]): string[][] {
  const lines = textOf(page).split('\n');
  const section = lines.slice(lines.indexOf(heading));
  const start = section.findIndex((line) => line.startsWith(`| ${columns.join(' | ')} |`));
  if (start === -1) throw new Error(`${page} has no table of ${columns.join(', ')} after ${heading}`);
  const rows = section.slice(start + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, end === -1 ? rows.length : end).map((line) =>
    line
      .slice(1, line.lastIndexOf('|'))
      .split('|')
      .map((cell) => cell.trim()),
  );
}

const inCode = (text: string) => `\`${text}\``;
const codesOf = (codes: object) => Object.keys(codes).map(inCode);
const cut = (rows: readonly string[][], cells: number) => rows.map((row) => row.slice(0, cells));

const reasonRows = Object.entries(REASONS as Readonly<Record<string, ReasonEntry>>).map(
  ([reason, { step, status, error, retryAfter }]) => [
    inCode(reason),
    String(step),
    String(status),
    error === null ? '–' : inCode(error),
    retryAfter === undefined ? '–' : String(retryAfter),
  ],
);
const malformedRows = Object.entries(MALFORMED).map(([code, message]) => [inCode(code), message]);
const REASON_COLUMNS = ['reason', 'step', 'status', 'error'];

describe(PROTOCOL, () => {
  test('has the reasons', () => {
    const rows = tableOf(PROTOCOL, '### 2.1 Reasons', [...REASON_COLUMNS, '`Retry-After`']);
    expect(cut(rows, 5)).toEqual(reasonRows);
  });

  test('has the codes of malformed credentials and their messages', () => {
    expect(tableOf(PROTOCOL, '### 2.2 What is malformed', ['detail', 'message'])).toEqual(malformedRows);
  });

  test('has the codes of refused keys', () => {
    const codes = tableOf(PROTOCOL, '## 7. Keys', ['refused', 'code']).flatMap(([, code]) => code?.split(', ') ?? []);
    expect([...new Set(codes)].sort()).toEqual(codesOf(KEY_ERRORS).sort());
  });
});

describe(LIFECYCLE, () => {
  test('has the reasons', () => {
    expect(cut(tableOf(LIFECYCLE, '# Lifecycle', REASON_COLUMNS), 4)).toEqual(cut(reasonRows, 4));
  });

  test('shows every reason in its diagram', () => {
    const diagram = /^```mermaid\n([\s\S]*?)^```$/m.exec(textOf(LIFECYCLE))?.[1] ?? '';
    const shown = new Set(diagram.match(/\b[a-z_]+\b/g));
    expect(Object.keys(REASONS).filter((reason) => !shown.has(reason))).toEqual([]);
  });
});

describe(ERRORS, () => {
  const CODE_COLUMNS = ['code', 'what happened', 'what to do'];

  test('has the reasons', () => {
    expect(cut(tableOf(ERRORS, '## Refused requests', REASON_COLUMNS), 4)).toEqual(cut(reasonRows, 4));
  });

  test('has the codes of malformed credentials and their messages', () => {
    const rows = tableOf(ERRORS, '## Malformed credentials', ['detail', 'message']);
    expect(cut(rows, 2)).toEqual(malformedRows);
  });

  test('has the codes of refused keys', () => {
    expect(cut(tableOf(ERRORS, '## Keys', CODE_COLUMNS), 1).flat()).toEqual(codesOf(KEY_ERRORS));
  });

  test('has the codes of the signed fetch', () => {
    expect(cut(tableOf(ERRORS, '## Signed fetch', CODE_COLUMNS), 1).flat()).toEqual(codesOf(SIGNED_FETCH_ERRORS));
  });

  test('has the codes of JWK sets', () => {
    expect(cut(tableOf(ERRORS, '## JWK sets', CODE_COLUMNS), 1).flat()).toEqual(codesOf(JWKS_PROBLEMS));
  });

  test('has the codes of single use', () => {
    expect(cut(tableOf(ERRORS, '## Single use', CODE_COLUMNS), 1).flat()).toEqual(codesOf(SINGLE_USE_ERRORS));
  });

  test('has the codes of the ssh-agent', () => {
    expect(cut(tableOf(ERRORS, '## ssh-agent', CODE_COLUMNS), 1).flat()).toEqual(codesOf(SSH_AGENT_ERRORS));
  });

  test('has the codes of key management services', () => {
    expect(cut(tableOf(ERRORS, '## Key management services', CODE_COLUMNS), 1).flat()).toEqual(codesOf(KMS_ERRORS));
  });

  test('has the codes of sodium-native', () => {
    expect(cut(tableOf(ERRORS, '## sodium-native', CODE_COLUMNS), 1).flat()).toEqual(codesOf(SODIUM_ERRORS));
  });

  test('has the codes of the directory', () => {
    expect(cut(tableOf(ERRORS, '## Directory', CODE_COLUMNS), 1).flat()).toEqual(codesOf(DIRECTORY_ERRORS));
  });

  test('has the codes of stores', () => {
    const codes = [new UnavailableError(), new KeyConflictError(), new ContractError()].map(({ name, code }) =>
      [name, code].map(inCode),
    );
    expect(cut(tableOf(ERRORS, '## Stores', ['class', 'code']), 2)).toEqual(codes);
  });
});

describe('docs/ENTRY_POINTS.md', () => {
  test('has every entry point', () => {
    const { name, exports } = JSON.parse(textOf('packages/lib/package.json'));
    const named = tableOf('docs/ENTRY_POINTS.md', '# Entry points', ['entry point', 'exports']).flatMap(
      ([cell]) => cell?.split(', ') ?? [],
    );
    const entries = Object.keys(exports).filter((path) => path !== './package.json');
    const paths = named.map((entry) => entry.slice(1, -1).replace(name, '.').replace(/^\//, './'));
    expect(paths.sort()).toEqual(entries.sort());
  });
});
