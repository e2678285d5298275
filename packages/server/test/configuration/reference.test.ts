/** The reference page and the JSON Schema are derived from the table of options. */
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { references } from '../../../../scripts/reference.ts';
import type { Setting } from '../../src/configuration/setting.ts';
import { SERVE_OPTIONS } from '../../src/serve-options.ts';

test.each([...references()])('%s is what `node --conditions=source scripts/reference.ts` writes', (path, content) => {
  expect(readFileSync(path, 'utf8')).toBe(content);
});

test('the reference page has a row for every option', () => {
  const page = readFileSync('docs/REFERENCE.md', 'utf8');
  for (const [name, { env }] of Object.entries(SERVE_OPTIONS)) {
    expect(page).toContain(`\n| \`--${name} `);
    expect(page).toContain(`\`${env}\``);
  }
});

test('the help of an option states its default', () => {
  for (const { default: value, help } of Object.values<Setting>(SERVE_OPTIONS)) {
    if (value !== undefined)
      expect(help).toMatch(new RegExp(`default: ${value.replaceAll('.', '\\.')}|${value} \\(default\\)`));
    else expect(help).not.toContain('default');
  }
});

describe('the published schema', () => {
  const schema = JSON.parse(readFileSync('packages/server/config.schema.json', 'utf8'));
  const check = new Ajv().compile(schema);

  test('is what package.json exports', () => {
    const { exports, files } = JSON.parse(readFileSync('packages/server/package.json', 'utf8'));
    expect(exports['./config.schema.json']).toBe('./config.schema.json');
    expect(files).toContain('config.schema.json');
  });

  test.each([
    [{}],
    [{ $schema: './config.schema.json', listen: ':8787', tolerance: 7.5, workers: 2, audience: 'a', require: ['aud'] }],
    [{ require: 'none', audience: [] }],
  ])('accepts %j', (file) => expect(check(file)).toBe(true));

  test.each([
    [{ tolerence: 20 }],
    [{ tolerance: '20' }],
    [{ tolerance: 601 }],
    [{ workers: 1.5 }],
    [{ require: ['body'] }],
    [{ audience: [''] }],
    [{ 'log-level': 'trace' }],
    [{ listen: 8787 }],
    [[]],
  ])('refuses %j', (file) => expect(check(file)).toBe(false));
});
