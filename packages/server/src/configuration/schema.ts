/** The JSON Schema (draft-07) of the configuration file. `config.schema.json` contains it for editors. */
import { membersOf, type Setting, type SettingTable } from './setting.ts';

type Schema = Readonly<Record<string, unknown>>;

/** Makes the schema from the table of settings. */
export function schemaOf(settings: SettingTable): Schema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Configuration file of ajwtd',
    type: 'object',
    additionalProperties: false,
    properties: {
      $schema: { type: 'string', description: 'this schema, for editors; ajwtd ignores it' },
      ...Object.fromEntries(membersOf(settings).map(([name, setting]) => [name, memberSchema(setting)])),
    },
  };
}

function memberSchema(setting: Setting): Schema {
  const description = setting.help.replace(/; may be repeated$|, or several, separated by commas$/, '');
  const one = valueSchema(setting);
  if (!setting.multiple) {
    return {
      description,
      ...one,
      ...(setting.default === undefined ? {} : { default: typed(setting, setting.default) }),
    };
  }
  const alone = setting.choices === undefined ? one : { enum: [...setting.choices, 'none'] };
  return { description, default: [], anyOf: [{ type: 'array', items: one }, alone] };
}

function valueSchema({ type, range, isWhole, choices }: Setting): Schema {
  if (type === 'boolean') return { type };
  if (range !== undefined) return { type: isWhole ? 'integer' : 'number', minimum: range[0], maximum: range[1] };
  if (Array.isArray(choices)) return { enum: choices };
  return { type: 'string', minLength: 1 };
}

function typed({ range }: Setting, text: string): string | number {
  return range === undefined ? text : Number(text);
}

/** Says what a member must be, for error messages. */
export function mustBe({ type, range, isWhole, choices, multiple }: Setting): string {
  if (type === 'boolean') return 'must be true or false';
  if (range !== undefined) return `must be a ${isWhole ? 'whole number' : 'number'} from ${range[0]} to ${range[1]}`;
  const one = Array.isArray(choices) ? `one of ${choices.join(', ')}` : 'a string';
  if (!multiple) return `must be ${one}${Array.isArray(choices) ? '' : ', and not empty'}`;
  return Array.isArray(choices)
    ? `must be a list of ${choices.join(', ')}, or none`
    : 'must be a string or a list of strings; a string must not be empty';
}
