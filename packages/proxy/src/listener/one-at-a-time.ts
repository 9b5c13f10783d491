import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

// No registry client sends a second request before it has its first answer.
const MAX_WAITING = 16;

/**
 * Takes up the requests that a client sent at once on one connection one after the other, so that a connection holds one pull at
 * most. One that sends far more than it reads answers of is closed.
 */
export function oneAtATime(onRequest: RequestListener): RequestListener {
  const busy = new WeakMap<Socket, (() => void)[]>();

  const takeNext = (socket: Socket): void => {
    const begin = busy.get(socket)?.shift();
    // A connection that ends with the answer before has no place for another one.
    if (begin === undefined || !socket.writable) busy.delete(socket);
    else begin();
  };

  return (request: IncomingMessage, response: ServerResponse<IncomingMessage>) => {
    const { socket } = request;
    const begin = (): void => {
      response.once('close', () => takeNext(socket));
      onRequest(request, response);
    };
    const waiting = busy.get(socket);
    if (waiting === undefined) {
      busy.set(socket, []);
      begin();
    } else if (waiting.length < MAX_WAITING) waiting.push(begin);
    else socket.destroy();
  };
}
