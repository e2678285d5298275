/** The parts of a response that decide about another attempt. */

/** Status and headers. A `Response` of fetch is one. */
export interface ResponseHead {
  readonly status: number;
  /** @param name - in lower case */
  readonly headers: { get(name: string): string | null };
}

/**
 * Wraps the status and the headers of a response on Node.
 *
 * @param headers - names in lower case; a header that came several times may be an array
 */
export function responseHead(
  status: number,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): ResponseHead {
  return {
    status,
    headers: {
      get(name) {
        const value = headers[name];
        return value === undefined ? null : [value].flat().join(', ');
      },
    },
  };
}
