/** Tells which request bodies can be sent twice. */

/** Returns whether a body can be sent again. A stream cannot. */
export function isRepeatable(body: unknown): boolean {
  if (body == null || typeof body === 'string' || ArrayBuffer.isView(body)) return true;
  // Named here, because Node loads the whole global fetch at the first mention of FormData.
  return [ArrayBuffer, Blob, FormData, URLSearchParams].some((type) => body instanceof type);
}
