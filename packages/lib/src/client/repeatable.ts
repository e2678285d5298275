/** Tells which request bodies can be sent twice. */

/** Types of bodies that HTTP clients read without using them up. */
const TYPES = [ArrayBuffer, Blob, FormData, URLSearchParams];

/** Returns whether a body can be sent again. A stream cannot. */
export function isRepeatable(body: unknown): boolean {
  return (
    body == null || typeof body === 'string' || ArrayBuffer.isView(body) || TYPES.some((type) => body instanceof type)
  );
}
