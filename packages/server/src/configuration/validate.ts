/** Checks the content of a configuration file with its JSON Schema. */
import { Ajv, type ErrorObject } from 'ajv';
import { nearest } from 'ajwt-cli-kit/nearest';
import { asTyped } from 'ajwt-cli-kit/parse';
import { mustBe, schemaOf } from './schema.ts';
import { membersOf, type SettingTable } from './setting.ts';
import type { Entry, Problem } from './yaml.ts';

/** Returns all members that are unknown or have a wrong value. No message repeats a value. */
export function validate(entries: readonly Entry[], settings: SettingTable): readonly Problem[] {
  const check = new Ajv({ allErrors: true }).compile(schemaOf(settings));
  // Without a prototype, a member called __proto__ is an ordinary member.
  const data = Object.create(null) as Record<string, unknown>;
  for (const { name, value } of entries) data[name] = value;
  check(data);
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const problems = new Map<string, Problem>();
  for (const error of deepestFirst(check.errors ?? [])) {
    const [, pointer = '', index = '0'] = error.instancePath.split('/');
    const name = pointer === '' ? String(error.params.additionalProperty) : pointer;
    const entry = byName.get(name);
    if (entry === undefined || problems.has(name)) continue;
    problems.set(name, pointer === '' ? unknownMember(entry, settings) : wrongValue(entry, Number(index), settings));
  }
  return [...problems.values()];
}

/** Puts errors of list items before the errors of their lists. */
function deepestFirst(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const depth = ({ instancePath }: ErrorObject) => instancePath.split('/').length;
  return [...errors].sort((one, other) => depth(other) - depth(one));
}

function unknownMember({ name, offset }: Entry, settings: SettingTable): Problem {
  const known = membersOf(settings).map(([one]) => one);
  // Other programs write adminListen or admin_listen.
  const likeOurs = name
    .replace(/([a-z\d])([A-Z])/g, '$1-$2')
    .replaceAll('_', '-')
    .toLowerCase();
  const near = nearest(likeOurs, known);
  const hint = near === undefined ? `known members: ${known.join(', ')}` : `did you mean ${near}?`;
  return { offset, message: `unknown member${asTyped(name)}; ${hint}` };
}

function wrongValue({ name, offset, value, offsets }: Entry, index: number, settings: SettingTable): Problem {
  const setting = settings[name];
  // The only other member is $schema.
  const says = setting === undefined ? 'must be a string' : mustBe(setting);
  const message = value === null ? 'has no value; give it one, or remove the line' : says;
  return { offset: offsets[index] ?? offset, message: `${name}: ${message}` };
}
