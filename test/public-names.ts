/** The public names of the library: what its entry points export (`internal/` aside), wherever each is declared. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ParseResult, parseSync } from 'rolldown/utils';

const LIBRARY = 'packages/lib';

type Exported = Extract<ParseResult['program']['body'][number], { type: 'ExportNamedDeclaration' }>;
export type Declaration = NonNullable<Exported['declaration']>;

/** A module, as far as tests of docstrings look at it. */
export interface Module {
  readonly path: string;
  readonly text: string;
  readonly comments: ParseResult['comments'];
  readonly exports: readonly Exported[];
}

/** A declaration under its public name, with the docstring before it. */
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
  if (errors.length > 0 || others.length > 0) throw new Error(`${path}: only named exports can be followed`);
  return { path, text, comments, exports: program.body.filter((one) => one.type === 'ExportNamedDeclaration') };
}

/** Returns the docstring right before a place: only line comments may stand between. */
export function docBefore({ text, comments }: Module, start: number): string | undefined {
  const doc = comments.findLast(({ type, value, end }) => type === 'Block' && value.startsWith('*') && end <= start);
  const between = doc && text.slice(doc.end, start).replace(/\/\/.*/g, '');
  return between?.trim() === '' ? doc?.value : undefined;
}

/** Returns what a module exports, or only one name of it. An overloaded function is there once for each signature. */
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
      if (!('name' in exported && 'name' in local)) throw new Error(`${module.path}: a name that is no identifier`);
      if (wanted !== undefined && wanted !== exported.name) return [];
      if (source !== null) return publicOf(moduleAt(join(dirname(module.path), source.value)), local.name);
      if (statement.exportKind === 'type') return [];
      throw new Error(`${module.path}: ${exported.name} is exported apart from its declaration`);
    });
  });
}

const { exports } = JSON.parse(readFileSync(join(LIBRARY, 'package.json'), 'utf8')) as {
  exports: Record<string, string | { source: string }>;
};

/** The entry points: the subpath, its module, and the public names. */
export const ENTRY_POINTS = Object.entries(exports).flatMap(([subpath, target]) => {
  if (typeof target === 'string' || subpath.startsWith('./internal/')) return [];
  const module = moduleAt(join(LIBRARY, target.source));
  return { subpath, module, names: publicOf(module) };
});
