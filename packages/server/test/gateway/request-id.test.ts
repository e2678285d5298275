import { describe, expect, test } from 'vitest';
import { requestId, traceContext } from '../../src/gateway/request-id.ts';

/** Makes the headers of a request. @param values - values of the header, one for each line */
function withHeader(name: string, values: readonly string[]) {
  const headers = values.length === 0 ? {} : { [name]: values.join(', ') };
  return { headers, rawHeaders: values.flatMap((value) => [name, value]) };
}

const UUID = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

describe('X-Request-Id', () => {
  test.each(['a', 'f47ac10b-58cc-4372-a567-0e02b2c3d479', 'Root=1-67891233-abcdef', 'a/b+c==', 'x'.repeat(128)])(
    '%s is used',
    (id) => {
      expect(requestId(withHeader('x-request-id', [id]))).toBe(id);
    },
  );

  test.each([
    ['none', []],
    ['an empty one', ['']],
    ['one that is too long', ['x'.repeat(129)]],
    ['a quote', ['a"b']],
    ['a backslash', ['a\\b']],
    ['a blank', ['a b']],
    ['a control character', ['a\u001b[31m']],
    ['a line break', ['a\n']],
    ['a letter outside ASCII', ['é']],
    ['markup', ['<b>']],
    ['two', ['a', 'b']],
  ])('is made for a request with %s', (_, values) => {
    const request = withHeader('x-request-id', values);
    expect(requestId(request)).toMatch(UUID);
    expect(requestId(request)).not.toBe(requestId(request));
  });
});

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const traceOf = (...values: string[]) => traceContext(withHeader('traceparent', values));

describe('traceparent', () => {
  test.each(['00', '01', '02', 'ff'])('is passed on unchanged with the flags %s', (flags) => {
    const traceparent = `00-${TRACE}-${PARENT}-${flags}`;
    expect(traceOf(traceparent)).toEqual({ traceId: TRACE, traceparent, isNew: false });
  });

  test.each([
    [`cc-${TRACE}-${PARENT}-01`, '01'],
    [`01-${TRACE}-${PARENT}-03-what-the-future-will-be`, '01'],
    [`fe-${TRACE}-${PARENT}-08-`, '00'],
  ])('of a later version is passed on as version 00: %s', (later, flags) => {
    expect(traceOf(later)).toEqual({ traceId: TRACE, traceparent: `00-${TRACE}-${PARENT}-${flags}`, isNew: false });
  });

  test.each([
    ['none', []],
    ['an empty one', ['']],
    ['an invalid version', [`ff-${TRACE}-${PARENT}-01`]],
    ['a trace-id of zeros', [`00-${'0'.repeat(32)}-${PARENT}-01`]],
    ['a parent-id of zeros', [`00-${TRACE}-${'0'.repeat(16)}-01`]],
    ['upper-case letters', [`00-${TRACE.toUpperCase()}-${PARENT}-01`]],
    ['a short trace-id', [`00-${TRACE.slice(1)}-${PARENT}-01`]],
    ['more fields than version 00 has', [`00-${TRACE}-${PARENT}-01-what`]],
    ['a later version that goes on without a dash', [`01-${TRACE}-${PARENT}-01what`]],
    ['a line break at its end', [`00-${TRACE}-${PARENT}-01\n`]],
    ['two', [`00-${TRACE}-${PARENT}-01`, `00-${TRACE}-${PARENT}-01`]],
  ])('is made for a request with %s', (_, values) => {
    const { traceId, traceparent, isNew } = traceOf(...values);
    expect(isNew).toBe(true);
    expect(traceparent).toMatch(new RegExp(`^00-${traceId}-[\\da-f]{16}-01$`));
    expect(traceId).toMatch(/^[\da-f]{32}$/);
    expect(traceId).not.toBe(TRACE);
  });
});
