/** Parses objects without duplicate names exactly as JSON.parse does, and refuses all others. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseStrictJsonObject } from '../../src/core/strict-json.ts';

/** A JSON value in which a name may occur twice. */
type Node =
  | { members: [name: string, value: Node][] }
  | { items: Node[] }
  | { value: string | number | boolean | null };

// Only a few names, so that duplicates occur; they contain everything that could confuse a parser. No name of one character needs an
// escape, because V8 13 may read such a name as a backslash.
const name = fc.constantFrom(
  'a',
  'b',
  'A',
  '',
  '{',
  '}',
  ':',
  'é',
  '😀',
  '""',
  '\\"',
  '\\\\',
  '":',
  '\n\n',
  '\u2028{',
  '__proto__',
);
const ESCAPED_SINGLE = /"\\(?:u....|.)"\s*:/;
const text = fc.oneof(
  name,
  fc.string({ unit: 'binary', maxLength: 8 }).map((any) => any.toWellFormed()),
);
const { node } = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc
      .oneof(text, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null))
      .map((value) => ({ value })),
    fc.array(tie('node'), { maxLength: 3 }).map((items) => ({ items })),
    fc
      .uniqueArray(fc.tuple(name, tie('node')), { maxLength: 4, selector: ([one]) => one })
      .map((members) => ({ members })),
  ),
}));
const object = node.filter((one): one is Extract<Node, { members: unknown }> => 'members' in one);

/** Picks one of several spellings by number. */
type Pick = (ways: number) => number;
const picks = fc.infiniteStream(fc.nat(1000)).map(
  (stream): Pick =>
    (ways) =>
      (stream.next().value as number) % ways,
);

/** Writes a value as JSON, with random spellings and white space. */
function write(one: Node, pick: Pick): string {
  const space = () => ['', '', ' ', '\n', '\t \r'][pick(5)] as string;
  const list = (parts: string[]) => parts.map((part) => space() + part + space()).join(',') || space();
  if ('members' in one) {
    const members = one.members.map(
      ([key, value]) => `${writeString(key, pick, true)}${space()}:${space()}${write(value, pick)}`,
    );
    return `{${list(members)}}`;
  }
  if ('items' in one) return `[${list(one.items.map((item) => write(item, pick)))}]`;
  return typeof one.value === 'string' ? writeString(one.value, pick) : JSON.stringify(one.value);
}

function writeString(value: string, pick: Pick, isName = false): string {
  const units = value.split(pick(2) === 0 ? /(?:)/u : '');
  const asEscape = (unit: string) => {
    const hex = unit.replace(/[\s\S]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
    return pick(2) === 0 ? hex : hex.toUpperCase().replaceAll('\\U', '\\u');
  };
  const mayStayRaw = (unit: string) => unit.isWellFormed() && unit >= ' ' && unit !== '"' && unit !== '\\';
  const mustStayRaw = isName && value.length === 1;
  const write = (unit: string) => (mustStayRaw || (mayStayRaw(unit) && pick(3) > 0) ? unit : asEscape(unit));
  return `"${units.map(write).join('')}"`;
}

function* objectsOf(one: Node): Generator<{ members: [string, Node][] }> {
  if ('members' in one) {
    yield one;
    for (const [, value] of one.members) yield* objectsOf(value);
  } else if ('items' in one) for (const item of one.items) yield* objectsOf(item);
}
const thorough = { numRuns: 3000 };

describe('parseStrictJsonObject', () => {
  test('agrees with JSON.parse on every object without duplicate names, however it is written', () => {
    fc.assert(
      fc.property(object, picks, (one, pick) => {
        const written = write(one, pick);
        expect(parseStrictJsonObject(written)).toStrictEqual(JSON.parse(written));
      }),
      thorough,
    );
  });

  test('refuses a duplicate name, at any depth, however it is written', () => {
    fc.assert(
      fc.property(object, node, picks, (one, value, pick) => {
        const copy = structuredClone(one);
        const withNames = [...objectsOf(copy)].filter(({ members }) => members.length > 0);
        fc.pre(withNames.length > 0);
        const { members } = withNames[pick(withNames.length)] as { members: [string, Node][] };
        const [twice] = members[pick(members.length)] as [string, Node];
        members.splice(pick(members.length + 1), 0, [twice, value]);
        const written = write(copy, pick);
        expect(() => JSON.parse(written)).not.toThrow();
        expect(parseStrictJsonObject(written)).toBeUndefined();
      }),
      thorough,
    );
  });

  test.each(['name', 'value'])('refuses a lone surrogate in a %s, at any depth', (where) => {
    fc.assert(
      fc.property(object, fc.integer({ min: 0xd800, max: 0xdfff }), text, picks, (one, unit, around, pick) => {
        const copy = structuredClone(one);
        const objects = [...objectsOf(copy)];
        const lone = [around, String.fromCharCode(unit), 'x'].join('');
        const { members } = objects[pick(objects.length)] as { members: [string, Node][] };
        members.push(where === 'name' ? [lone, { value: 1 }] : ['another name', { items: [{ value: lone }] }]);
        const written = write(copy, pick);
        expect(() => JSON.parse(written)).not.toThrow();
        expect(parseStrictJsonObject(written)).toBeUndefined();
        expect(parseStrictJsonObject(`{"raw":"${String.fromCharCode(unit)}"}`)).toBeUndefined();
      }),
      thorough,
    );
  });

  test('refuses what JSON.parse refuses, and never throws', () => {
    fc.assert(
      fc.property(object, picks, fc.nat(200), fc.string({ unit: 'binary', maxLength: 1 }), (one, pick, at, other) => {
        const written = write(one, pick);
        const broken = written.slice(0, at) + other + written.slice(at + 1);
        fc.pre(!ESCAPED_SINGLE.test(broken));
        let parsed: unknown;
        try {
          parsed = JSON.parse(broken);
        } catch {
          expect(parseStrictJsonObject(broken)).toBeUndefined();
          return;
        }
        expect([undefined, JSON.stringify(parsed)]).toContain(JSON.stringify(parseStrictJsonObject(broken)));
      }),
      thorough,
    );
  });

  test.each([
    '',
    ' ',
    'null',
    '1',
    '"a"',
    'true',
    '[]',
    '[{"a":1}]',
    '{}{}',
    '{} x',
    '\ufeff{}',
    '{"a":1,}',
    "{'a':1}",
    '{a:1}',
    '{"a":01}',
  ])('refuses %j, which is not an object', (written) => {
    expect(parseStrictJsonObject(written)).toBeUndefined();
  });

  test('never misreads an escaped name of one character', () => {
    // V8 13 misreads the name as a backslash if it has already read an object that has a backslash in the same place.
    for (const within of ['%', '{"x":%}', '{"x":[1,%]}']) {
      for (const name of ['d', '{', '"', '\n']) {
        parseStrictJsonObject(within.replace('%', '{"kty":1,"\\\\":1}'));
        const escaped = `\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}`;
        const read = parseStrictJsonObject(within.replace('%', `{"kty":1,"${escaped}":2}`));
        const right = within.replace('%', JSON.stringify({ kty: 1, [name]: 2 }));
        expect([undefined, right]).toContain(JSON.stringify(read));
      }
    }
  });

  test('reads arrays nested 100 000 deep, which are too deep for JSON.stringify', () => {
    const nested = (value: string) => `{"a":${'['.repeat(100_000)}${value}${']'.repeat(100_000)}}`;
    expect(() => JSON.stringify(JSON.parse(nested('1')))).toThrow(RangeError);
    expect(parseStrictJsonObject(nested('{"b":1}'))).toBeDefined();
    expect(parseStrictJsonObject(nested('{"b":1,"b":1}'))).toBeUndefined();
  });

  test('accepts the same name in sibling and nested objects', () => {
    const written = '{"a":{"a":[{"a":1},{"a":{"a":"a\\u0022:"}}]},"b":{"a":"{"}}';
    expect(parseStrictJsonObject(written)).toStrictEqual(JSON.parse(written));
  });
});
