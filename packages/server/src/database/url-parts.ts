/** Splits database URLs as database tools do: the host can be empty or a path, and `+` is a plus sign. */

/** The decoded parts. Missing ones are empty. */
export interface UrlParts {
  /** In lower case. */
  readonly scheme: string;
  readonly user: string;
  readonly password: string;
  readonly host: string;
  readonly port: string;
  readonly database: string;
  /** In order, including repeated ones. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
}

const URL_FORM = /^([a-z][a-z\d+.-]*):\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/i;
const AUTHORITY = /^(?:([^:]*)(?::(.*))?@)?(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/s;

/**
 * Splits a URL.
 *
 * @returns `undefined` for a string of another form, for example if a `/`, `?`, `#` or `@` in a password is not percent-encoded
 * @throws URIError for a `%` that does not begin a percent-encoding
 */
export function splitUrl(text: string): UrlParts | undefined {
  const [, scheme = '', authority = '', database = '', query = ''] = URL_FORM.exec(text) ?? [];
  const [whole, user = '', password = '', host = '', port = ''] = AUTHORITY.exec(authority) ?? [];
  if (scheme === '' || whole === undefined || /[/@]/.test(database)) return undefined;
  const [name, secret, place, table] = [user, password, host, database].map(decodeURIComponent) as [
    string,
    string,
    string,
    string,
  ];
  const parameters = query.split('&').flatMap((pair) => {
    if (pair === '') return [];
    const [parameter = '', ...value] = pair.split('=');
    return [[decodeURIComponent(parameter), decodeURIComponent(value.join('='))] as const];
  });
  return {
    ...{ scheme: scheme.toLowerCase(), user: name, password: secret, database: table, parameters },
    ...{ host: place.replace(/^\[(.*)\]$/, '$1'), port },
  };
}
