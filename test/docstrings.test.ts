/**
 * Public docstrings say what is taken and what is given. The rule, for what the library's entry points export (`internal/` aside):
 *
 * - A function, a class and the interface of what a function returns have a docstring, and so has each of their public methods and
 *   accessors; of overloads, each one.
 * - Each parameter of a function or method has its `@param`, an object of options too.
 * - What returns anything but `void` has `@returns`. An accessor is what it returns.
 *
 * Constructors are left out: keys are made by static methods, and errors by the library.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ParseResult, parseSync } from 'rolldown/utils';
import { describe, expect, test } from 'vitest';

const LIBRARY = 'packages/lib';

type Exported = Extract<ParseResult['program']['body'][number], { type: 'ExportNamedDeclaration' }>;
type Declaration = NonNullable<Exported['declaration']>;
type Signature = Pick<Extract<Declaration, { params: unknown }>, 'params' | 'returnType'>;

/** A module, as far as the rule looks at it. */
interface Module {
  readonly path: string;
  readonly text: string;
  readonly comments: ParseResult['comments'];
  readonly exports: readonly Exported[];
}

/** A declaration under its public name, with the comment before it. */
interface Public {
  readonly name: string;
  readonly module: Module;
  readonly doc: string | undefined;
  readonly declaration: Declaration;
}

const modules = new Map<string, Module>();

function moduleAt(path: string): Module {
  const module = modules.get(path) ?? moduleOf(path, readFileSync(path, 'utf8'));
  modules.set(path, module);
  return module;
}

function moduleOf(path: string, text: string): Module {
  const { program, comments, errors } = parseSync(path, text);
  const others = program.body.filter(({ type }) => /^Export(All|Default)/.test(type));
  if (errors.length > 0 || others.length > 0) throw new Error(`${path}: only named exports can be followed`);
  return { path, text, comments, exports: program.body.filter((one) => one.type === 'ExportNamedDeclaration') };
}

/** The docstring right before a place: only line comments may stand between. */
function docBefore({ text, comments }: Module, start: number): string | undefined {
  const doc = comments.findLast(({ type, value, end }) => type === 'Block' && value.startsWith('*') && end <= start);
  const between = doc && text.slice(doc.end, start).replace(/\/\/.*/g, '');
  return between?.trim() === '' ? doc?.value : undefined;
}

/** What a module exports, or of that the one name, wherever it is declared. */
function publicOf(module: Module, wanted?: string): Public[] {
  return module.exports.flatMap((statement): Public[] => {
    const { source, specifiers, declaration } = statement;
    if (declaration !== null) {
      const doc = docBefore(module, statement.start);
      const ids = 'declarations' in declaration ? declaration.declarations.map(({ id }) => id) : [declaration.id];
      const names = ids.flatMap((id) => (id?.type === 'Identifier' ? [id.name] : []));
      const meant = names.filter((name) => wanted === undefined || wanted === name);
      return meant.map((name) => ({ name, module, doc, declaration }));
    }
    return specifiers.flatMap(({ exported, local }) => {
      if (!('name' in exported && 'name' in local)) throw new Error(`${module.path}: a name that is no identifier`);
      if (wanted !== undefined && wanted !== exported.name) return [];
      if (source !== null) return publicOf(moduleAt(join(dirname(module.path), source.value)), local.name);
      if (statement.exportKind === 'type') return [];
      throw new Error(`${module.path}: ${exported.name} is exported apart from its declaration`);
    });
  });
}

const typeOf = ({ text }: Module, { returnType }: Signature) =>
  returnType ? text.slice(returnType.typeAnnotation.start, returnType.typeAnnotation.end) : 'unknown';

function lacksOf(name: string, doc: string | undefined, module: Module, signature?: Signature): string[] {
  if (doc === undefined) return [`${name}: a docstring`];
  if (signature === undefined) return [];
  const names = signature.params.map((parameter) => {
    const inner = parameter.type === 'RestElement' ? parameter.argument : parameter;
    const target = inner.type === 'AssignmentPattern' ? inner.left : inner;
    return target.type === 'Identifier' ? target.name : 'a name of its own';
  });
  const returnsNothing = /^(void|never|asserts .*|(Maybe)?Promise<void>)$/s.test(typeOf(module, signature));
  return [
    ...names.filter((one) => !new RegExp(`@param ${one} - \\S`).test(doc)).map((one) => `${name}: @param ${one}`),
    ...(returnsNothing || /@returns \S/.test(doc) ? [] : [`${name}: @returns`]),
  ];
}

/** What the docstrings of one public name lack. */
function lacks({ name, module, doc, declaration }: Public, all: readonly Public[]): string[] {
  if (declaration.type === 'TSDeclareFunction') return lacksOf(name, doc, module, declaration);
  if (declaration.type === 'FunctionDeclaration') {
    const isOverloaded = all.some((one) => one.name === name && one.declaration.type === 'TSDeclareFunction');
    return isOverloaded ? [] : lacksOf(name, doc, module, declaration);
  }
  if (declaration.type === 'VariableDeclaration') {
    const isFunction = declaration.declarations.some(({ init }) => init !== null && /Function/.test(init.type));
    return isFunction ? [`${name}: the word function, as a constant hides its signature`] : [];
  }
  if (declaration.type !== 'ClassDeclaration' && declaration.type !== 'TSInterfaceDeclaration') return [];
  const isReturned = all.some(
    (one) => 'returnType' in one.declaration && typeOf(one.module, one.declaration).match(/\w+/g)?.includes(name),
  );
  if (declaration.type === 'TSInterfaceDeclaration' && !isReturned) return [];

  const members = declaration.body.body as readonly unknown[] as readonly Member[];
  return [
    ...lacksOf(name, doc, module),
    ...members.flatMap((member) => {
      const { type, kind, accessibility, key } = member;
      if (!/^(TSMethodSignature|(TSAbstract)?MethodDefinition)$/.test(type) || kind === 'constructor') return [];
      if (accessibility === 'private' || key.type === 'PrivateIdentifier') return [];
      const signature = kind === 'method' ? (member.value ?? (member as Signature)) : undefined;
      return lacksOf(`${name}.${key.name}`, docBefore(module, member.start), module, signature);
    }),
  ];
}

/** A member of a class, whose signature is its `value`, or of an interface, which is one itself. */
interface Member extends Partial<Signature> {
  readonly type: string;
  readonly start: number;
  readonly kind?: 'method' | 'get' | 'set' | 'constructor';
  readonly accessibility?: string | null;
  readonly key: { readonly type: string; readonly name?: string };
  readonly value?: Signature;
}

describe('docstrings of the library', () => {
  const { exports } = JSON.parse(readFileSync(join(LIBRARY, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { source: string }>;
  };
  const entries = Object.entries(exports).flatMap(([name, target]) =>
    typeof target === 'string' || name.startsWith('./internal/') ? [] : [[name, join(LIBRARY, target.source)] as const],
  );
  const all = new Map(entries.map(([name, path]) => [name, publicOf(moduleAt(path))]));

  test.each(entries)('%s says of everything what it takes and gives', (name) => {
    const everything = [...all.values()].flat();
    expect((all.get(name) as Public[]).flatMap((one) => lacks(one, everything))).toEqual([]);
  });
});

describe('a docstring', () => {
  const TEXT = `
/** Opens. @param path - of a file @param options - how @returns a store */
export function open(path: string, options: Options = {}): Promise<Store> {}
/** A store. */
export interface Store {
  /** Finds. @param name - whose @returns the user */
  find(name: string): User;
  /** Ends it. */
  close(): Promise<void>;
}
/** A key. */
export class Key {
  private constructor(handle: object) {}
  /** Its length. */
  get length(): number {}
  /** Reads. @param texts - several @returns the key */
  static from(...texts: string[]): Key {}
  #hidden(): number {}
}
`;
  const lacking = (text: string) => {
    const all = publicOf(moduleOf('sample.ts', text));
    return all.flatMap((one) => lacks(one, all));
  };

  test('that says it all lacks nothing', () => {
    expect(lacking(TEXT)).toEqual([]);
  });

  test.each([
    ['/** Opens. @param path - of a file @param options - how @returns a store */', 'open: a docstring'],
    ['@param path - of a file', 'open: @param path'],
    ['@param options - how', 'open: @param options'],
    ['@returns a store', 'open: @returns'],
    ['/** A store. */', 'Store: a docstring'],
    ['@param name - whose', 'Store.find: @param name'],
    ['@returns the user', 'Store.find: @returns'],
    ['/** Ends it. */', 'Store.close: a docstring'],
    ['/** A key. */', 'Key: a docstring'],
    ['/** Its length. */', 'Key.length: a docstring'],
    ['@param texts - several', 'Key.from: @param texts'],
    ['@returns the key', 'Key.from: @returns'],
  ])('is missed without %s', (part, missed) => {
    expect(lacking(TEXT.replace(part, ''))).toEqual([missed]);
  });
});
