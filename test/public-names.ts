/** Finds the public names of the library: everything that its entry points export, except `internal/`. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ParseResult, parseSync } from 'rolldown/utils';

const LIBRARY = 'packages/lib';

type Exported = Extract<ParseResult['program']['body'][number], { type: 'ExportNamedDeclaration' }>;
export type Declaration = NonNullable<Exported['declaration']>;

/** The parts of a module that the docstring tests need. */
export interface Module {
  readonly path: string;
  readonly text: string;
  readonly comments: ParseResult['comments'];
  readonly exports: readonly Exported[];
}

/** A declaration with its public name and its docstring. */
export interface Public {
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

/** Parses a module. */
export function moduleOf(path: string, text: string): Module {
  const { program, comments, errors } = parseSync(path, text);
  const others = program.body.filter(({ type }) => /^Export(All|Default)/.test(type));
  if (errors.length > 0 || others.length > 0) throw new Error(`${path}: use only named exports`);
  return { path, text, comments, exports: program.body.filter((one) => one.type === 'ExportNamedDeclaration') };
}

/** Returns the docstring directly before an offset, with nothing but line comments between them. */
export function docBefore({ text, comments }: Module, start: number): string | undefined {
  const doc = comments.findLast(({ type, value, end }) => type === 'Block' && value.startsWith('*') && end <= start);
  const between = doc && text.slice(doc.end, start).replace(/\/\/.*/g, '');
  return between?.trim() === '' ? doc?.value : undefined;
}

/** Returns the exports of a module, or only those with the given name: an overloaded function has one for each signature. */
export function publicOf(module: Module, wanted?: string): Public[] {
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
      if (!('name' in exported && 'name' in local))
        throw new Error(`${module.path}: an exported name is not an identifier`);
      if (wanted !== undefined && wanted !== exported.name) return [];
      if (source !== null) return publicOf(moduleAt(join(dirname(module.path), source.value)), local.name);
      if (statement.exportKind === 'type') return [];
      throw new Error(`${module.path}: export ${exported.name} in its declaration`);
    });
  });
}

const { exports } = JSON.parse(readFileSync(join(LIBRARY, 'package.json'), 'utf8')) as {
  exports: Record<string, string | { source: string }>;
};

/** All entry points, each with its subpath, its module, and its public names. */
export const ENTRY_POINTS = Object.entries(exports).flatMap(([subpath, target]) => {
  if (typeof target === 'string' || subpath.startsWith('./internal/')) return [];
  const module = moduleAt(join(LIBRARY, target.source));
  return { subpath, module, names: publicOf(module) };
});
