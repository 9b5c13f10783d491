import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

export interface HttpGetOptions {
  /** GET unless told. */
  readonly method?: 'GET' | 'HEAD';
  /** PEM text of the certificate authority of an https URL. */
  readonly ca?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function httpGet(url: string, options: HttpGetOptions = {}): Promise<HttpAnswer> {
  const request = url.startsWith('https:') ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const sent = request(url, { ...options, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
        }),
      );
    });
    sent.on('error', reject).end();
  });
}

/** Whether the URL is answered at all, with one of these statuses. */
export async function answers(
  url: string,
  statuses: readonly number[],
  options?: HttpGetOptions,
): Promise<boolean> {
  try {
    return statuses.includes((await httpGet(url, options)).status);
  } catch {
    // Nothing listens yet.
    return false;
  }
}
