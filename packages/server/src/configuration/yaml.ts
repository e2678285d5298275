/** Reads YAML 1.2, which includes JSON: a mapping of names to values or lists of values. Refuses what two parsers could read differently. */
import {
  type Document,
  type ErrorCode,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type Scalar,
  visit,
} from 'yaml';

/** A mistake, and where it is. */
export interface Problem {
  /** Characters before it. */
  readonly offset: number;
  readonly message: string;
}

type Plain = string | number | boolean | null;

/** A name and its value. */
export interface Entry {
  readonly name: string;
  /** Position of the name. */
  readonly offset: number;
  readonly value: Plain | readonly Plain[] | undefined;
  /** The value as written, without quotes: a number keeps its digits. */
  readonly text: string | readonly string[];
  /** Positions of the value or, for a list, of its items. */
  readonly offsets: readonly number[];
}

/** The content of a file. */
export interface Content {
  readonly entries: readonly Entry[];
  /** Whatever cannot be read, or could be read in several ways. */
  readonly problems: readonly Problem[];
  /** Returns `LINE:COLUMN` of a position; both begin with 1. */
  locate(offset: number): string;
}

/** The parser's own messages may repeat parts of the file, and so a password. */
const MESSAGES: Partial<Readonly<Record<ErrorCode, string>>> = {
  BAD_DIRECTIVE: 'directives are not supported; remove this line',
  BAD_DQ_ESCAPE: 'this escape is not valid in double quotes; use single quotes, or write a backslash as \\\\',
  BAD_INDENT: 'the indentation is wrong, or a bracket is not closed',
  BAD_SCALAR_START: 'a value cannot begin with this character; put the value in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a value cannot contain a colon and a space here; put the value in quotes',
  DUPLICATE_KEY: 'this member is given twice',
  MISSING_CHAR: 'a character is missing here: a quote, bracket, colon or comma',
  MULTILINE_IMPLICIT_KEY: 'a colon is missing, or the value needs quotes',
  MULTIPLE_DOCS: 'a second document begins here; a file can contain only one',
  NON_STRING_KEY: 'the name of a member must be a string',
  TAB_AS_INDENT: 'indent with spaces, not tabs',
  TAG_RESOLVE_FAILED: 'tags are not supported; remove the word that begins with !',
};
const NOT_YAML = 'this is not valid YAML or JSON';

/** A number as JSON writes it, without an exponent: other forms, such as 0777, have several meanings. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

/** Parses a file. Never throws: whatever is wrong is among the problems. */
export function parseYaml(text: string): Content {
  const lines = new LineCounter();
  const problems: Problem[] = [];
  const note = (offset: number, message: string) => problems.push({ offset, message });
  const entries: Entry[] = [];
  try {
    for (const [index, document] of documentsOf(text, lines).entries()) {
      if (index > 0) note(document.range[0], MESSAGES.MULTIPLE_DOCS as string);
      for (const { code, pos } of [...document.errors, ...document.warnings]) note(pos[0], MESSAGES[code] ?? NOT_YAML);
      refuseFeatures(document, note);
      entries.push(...entriesOf(document, note));
    }
  } catch {
    // The parser is recursive, so thousands of nested brackets exhaust the stack.
    note(0, NOT_YAML);
  }
  if (entries.length === 0 && problems.length === 0 && !/^\s*\{/m.test(text)) {
    note(0, 'the file is empty; write at least one member, or {} if all defaults are intended');
  }
  const locate = (offset: number) => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return `${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  return { entries, problems, locate };
}

function documentsOf(text: string, lineCounter: LineCounter): readonly Document.Parsed[] {
  const parsed = parseAllDocuments(text, {
    ...{ lineCounter, version: '1.2', schema: 'core', prettyErrors: false, logLevel: 'silent' },
    ...{ strict: true, uniqueKeys: true, stringKeys: true, merge: false, resolveKnownTags: false },
  });
  return 'empty' in parsed ? [] : parsed;
}

/** Refuses directives, tags, anchors and aliases: with them, a short file can have a large or an ambiguous content. */
function refuseFeatures(document: Document.Parsed, note: (offset: number, message: string) => void): void {
  if (document.directives.yaml.explicit === true) note(0, MESSAGES.BAD_DIRECTIVE as string);
  const hasUnknownTag = [...document.errors, ...document.warnings].some(({ code }) => code === 'TAG_RESOLVE_FAILED');
  visit(document, (_key, node) => {
    if (isPair(node) || node === document) return undefined;
    const { range, tag, anchor } = node as Node & { tag?: string; anchor?: string };
    const offset = range?.[0] ?? 0;
    if (isAlias(node)) note(offset, 'aliases are not supported; write the value again, or put it in quotes');
    if (anchor !== undefined) note(offset, 'anchors are not supported; put a value that begins with & in quotes');
    if (tag !== undefined && !hasUnknownTag) note(offset, MESSAGES.TAG_RESOLVE_FAILED as string);
    return undefined;
  });
}

function entriesOf(document: Document.Parsed, note: (offset: number, message: string) => void): Entry[] {
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null)) return [];
  if (!isMap(contents)) {
    note(contents.range[0], 'the file must consist of members, such as `listen: 127.0.0.1:8787`');
    return [];
  }
  return contents.items.flatMap(({ key, value }): Entry[] => {
    if (!isScalar(key) || typeof key.value !== 'string') return [];
    const offset = key.range?.[0] ?? 0;
    const items = isSeq(value) ? value.items : [value];
    if (!items.every((item) => item === null || isScalar(item))) {
      // An alias has its own message.
      if (!items.some(isAlias)) note(offset, 'the value must be one value or a list of values');
      return [];
    }
    const scalars = items as (Scalar | null)[];
    const values = scalars.map((scalar) => (scalar?.value ?? null) as Plain);
    const offsets = scalars.map((scalar) => scalar?.range?.[0] ?? offset);
    for (const [index, scalar] of scalars.entries()) {
      const message = whyUnclear(scalar);
      if (message !== undefined) note(offsets[index] as number, `${key.value}: ${message}`);
    }
    const texts = scalars.map((scalar) => (typeof scalar?.value === 'string' ? scalar.value : (scalar?.source ?? '')));
    const entry = { name: key.value, offset, offsets };
    return [
      isSeq(value)
        ? { ...entry, value: values, text: texts }
        : { ...entry, value: values[0], text: texts[0] as string },
    ];
  });
}

/** Returns why a value could be read in several ways. */
function whyUnclear(scalar: Scalar | null): string | undefined {
  const value = scalar?.value;
  if (typeof value === 'number' && !NUMBER.test(scalar?.source ?? '')) {
    return 'must be a number in decimal digits, without a leading zero, plus sign or exponent';
  }
  if (typeof value === 'string' && (/\p{Cc}/u.test(value) || !value.isWellFormed())) {
    return 'must not contain line breaks or other control characters';
  }
  return undefined;
}
