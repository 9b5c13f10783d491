import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { text } from 'node:stream/consumers';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface Question {
  readonly method?: 'GET' | 'POST';
}

/** What a server on this machine answers, whatever its certificate. Undefined where nobody answers. */
export async function findAnswer(url: string, question: Question = {}): Promise<Answer | undefined> {
  try {
    return await ask(url, question);
  } catch (err) {
    // A connection that is refused or reset is what a server does that is not up yet.
    if (err instanceof Error && 'code' in err) return undefined;
    throw err;
  }
}

async function ask(url: string, { method = 'GET' }: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = url.startsWith('https:') ? requestTls : requestPlain;
    request(url, { method, agent: false, rejectUnauthorized: false })
      .once('error', reject)
      .once('response', (response) => {
        text(response).then((body) => {
          resolve({ status: response.statusCode ?? 0, body });
        }, reject);
      })
      .end();
  });
}
