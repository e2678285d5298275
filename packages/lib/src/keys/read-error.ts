const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file (ENOENT)',
  EACCES: 'permission denied (EACCES)',
};

/** Returns the reason why a file could not be opened or read, for an error message. */
export function readErrorReason(error: unknown): string {
  const code = (error as { readonly code?: string }).code ?? 'unknown error';
  return Object.hasOwn(REASONS, code) ? (REASONS[code] as string) : code;
}
