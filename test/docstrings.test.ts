/**
 * Public docstrings document parameters and return values. The rules, for everything that the entry points of the library export, except
 * `internal/`:
 *
 * - Each function (with all its overloads), class and returned interface has a docstring, and so has each of their public methods and
 *   accessors.
 * - Each parameter of a function or method has a `@param`, even an object of options.
 * - Each function or method that returns anything but `void` has a `@returns`. An accessor needs no `@returns`.
 *
 * Constructors need no docstring, because callers make keys with static methods, and only the library makes errors.
 */
import { describe, expect, test } from 'vitest';
import {
  type Declaration,
  docBefore,
  ENTRY_POINTS,
  type Module,
  moduleOf,
  type Public,
  publicOf,
} from './public-names.ts';

type Signature = Pick<Extract<Declaration, { params: unknown }>, 'params' | 'returnType'>;

const typeOf = ({ text }: Module, { returnType }: Signature) =>
  returnType ? text.slice(returnType.typeAnnotation.start, returnType.typeAnnotation.end) : 'unknown';

function lacksOf(name: string, doc: string | undefined, module: Module, signature?: Signature): string[] {
  if (doc === undefined) return [`${name}: a docstring`];
  if (signature === undefined) return [];
  const names = signature.params.map((parameter) => {
    const inner = parameter.type === 'RestElement' ? parameter.argument : parameter;
    const target = inner.type === 'AssignmentPattern' ? inner.left : inner;
    return target.type === 'Identifier' ? target.name : 'a parameter with a name';
  });
  const returnsNothing = /^(void|never|asserts .*|(Maybe)?Promise<void>)$/s.test(typeOf(module, signature));
  return [
    ...names.filter((one) => !new RegExp(`@param ${one} - \\S`).test(doc)).map((one) => `${name}: @param ${one}`),
    ...(returnsNothing || /@returns \S/.test(doc) ? [] : [`${name}: @returns`]),
  ];
}

/** Returns what is missing in the docstrings of one public name. */
function lacks({ name, module, doc, declaration }: Public, all: readonly Public[]): string[] {
  if (declaration.type === 'TSDeclareFunction') return lacksOf(name, doc, module, declaration);
  if (declaration.type === 'FunctionDeclaration') {
    const isOverloaded = all.some((one) => one.name === name && one.declaration.type === 'TSDeclareFunction');
    return isOverloaded ? [] : lacksOf(name, doc, module, declaration);
  }
  if (declaration.type === 'VariableDeclaration') {
    const isFunction = declaration.declarations.some(({ init }) => init !== null && /Function/.test(init.type));
    return isFunction ? [`${name}: declare it as a function, because a constant hides its signature`] : [];
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

/** A class member (its `value` is the signature) or an interface member (it is the signature itself). */
interface Member extends Partial<Signature> {
  readonly type: string;
  readonly start: number;
  readonly kind?: 'method' | 'get' | 'set' | 'constructor';
  readonly accessibility?: string | null;
  readonly key: { readonly type: string; readonly name?: string };
  readonly value?: Signature;
}

describe('docstrings of the library', () => {
  const everything = ENTRY_POINTS.flatMap(({ names }) => names);

  test.each(ENTRY_POINTS)('$subpath documents every parameter and every returned value', ({ names }) => {
    expect(names.flatMap((one) => lacks(one, everything))).toEqual([]);
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

  test('that is complete passes the test', () => {
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
  ])('without %s fails the test', (part, missed) => {
    expect(lacking(TEXT.replace(part, ''))).toEqual([missed]);
  });
});
