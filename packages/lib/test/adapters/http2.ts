import { connect } from 'node:http2';

/** Sends a GET request with HTTP/2. */
export async function sendHttp2(
  url: string,
  path: string,
  authorization?: string,
): Promise<{ status: number; body: string }> {
  const session = connect(url);
  try {
    const stream = session.request({ ':path': path, ...(authorization !== undefined && { authorization }) });
    let [status, body] = [0, ''];
    stream.setEncoding('utf8').on('response', (headers) => {
      status = Number(headers[':status']);
    });
    for await (const chunk of stream) body += chunk;
    return { status, body };
  } finally {
    session.close();
  }
}
