import { request, type IncomingMessage } from 'node:http';
import type { Problem } from './problem.ts';

/** Talks to a running cache over its control socket. */
export interface ControlClient {
  /**
   * @param path with its query: `/api/v1/status`
   * @param body sent as JSON
   * @throws {ControlError}
   */
  ask<Answer>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<Answer>;
  /** As `ask`, for an answer of several values, each a JSON text on a line of its own. */
  follow<Value>(method: 'GET' | 'POST', path: string, body?: unknown): AsyncGenerator<Value>;
}

/** `NOT_SERVING`: nobody answers at the socket. `FORBIDDEN`: another user's. `REFUSED`: it has answered with a problem. */
export type ControlErrorCode = 'NOT_SERVING' | 'FORBIDDEN' | 'REFUSED';

export class ControlError extends Error {
  override readonly name = 'ControlError';
  readonly code: ControlErrorCode;

  constructor(code: ControlErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export interface ControlClientOptions {
  readonly socketPath: string;
  readonly signal: AbortSignal;
}

export function createControlClient(options: ControlClientOptions): ControlClient {
  return {
    async ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
      const text = await readText(await send(options, method, path, body));
      // Whoever answers at the socket is of the same build.
      return JSON.parse(text) as Answer;
    },
    async *follow<Value>(method: string, path: string, body?: unknown): AsyncGenerator<Value> {
      const answer = await send(options, method, path, body);
      let rest = '';
      for await (const chunk of answer.setEncoding('utf8')) {
        const lines = `${rest}${String(chunk)}`.split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) yield JSON.parse(line) as Value;
      }
    },
  };
}

/** Resolves with an answer of 2xx. */
async function send(
  { socketPath, signal }: ControlClientOptions,
  method: string,
  path: string,
  body: unknown,
): Promise<IncomingMessage> {
  const text = body === undefined ? '' : JSON.stringify(body);
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ socketPath, method, path, headers, signal, agent: false }, resolve)
      .on('error', (err) => reject(signal.aborted ? signal.reason : unanswered(socketPath, err)))
      .end(text);
  });
  const { statusCode = 0 } = answer;
  if (statusCode < 300) return answer;
  const { problem } = findProblem(await readText(answer));
  throw new ControlError('REFUSED', problem);
}

function findProblem(text: string): Problem {
  try {
    return JSON.parse(text) as Problem;
  } catch {
    return { problem: text };
  }
}

async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function unanswered(socketPath: string, cause: NodeJS.ErrnoException): ControlError {
  if (cause.code === 'EACCES' || cause.code === 'EPERM') {
    return new ControlError(
      'FORBIDDEN',
      `the control socket ${socketPath} belongs to another user: run this as the user that runs the cache`,
      { cause },
    );
  }
  return new ControlError(
    'NOT_SERVING',
    `no registry-cache answers at ${socketPath}: is it running, and with this configuration?`,
    { cause },
  );
}
