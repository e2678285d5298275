import { expect, test } from 'vitest';
import { lineForPeople } from '../src/log.ts';

test('a line for people has the time of day, the level, the message, and the rest behind it', () => {
  const json =
    '{"level":"info","time":"2026-11-25T03:32:54.846Z","reason":"replayed","username":"a b","msg":"Used before."}\n';
  const plain = (_style: string, text: string) => text;
  expect(lineForPeople(json, plain)).toBe('03:32:54 info  Used before. reason=replayed username="a b"\n');
});
