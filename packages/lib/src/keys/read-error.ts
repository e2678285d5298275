const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file (ENOENT)',
  EACCES: 'you may not read it (EACCES)',
};

/** Why a file could not be opened or read, for people. */
export function readErrorReason(error: unknown): string {
  const code = (error as { readonly code?: string }).code ?? 'unknown error';
  return Object.hasOwn(REASONS, code) ? (REASONS[code] as string) : code;
}
