/** Defines the parts of a response that decide whether there is another attempt. */

/** The status and the headers of a response. A `Response` of fetch has this type. */
export interface ResponseHead {
  readonly status: number;
  /** @param name - in lower case */
  readonly headers: { get(name: string): string | null };
}

/**
 * Wraps the status and the headers of a Node response.
 *
 * @param headers - the headers, with names in lower case; the value of a repeated header may be an array
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
