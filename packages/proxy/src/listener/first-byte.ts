import { RegistryError } from '@registry-cache/oci';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import { sendRawError } from './raw-answer.ts';

// The content type of a TLS handshake record. @see RFC 8446, "Record Layer"
const TLS_HANDSHAKE = 0x16;

const USE_HTTPS = new RegistryError('UNSUPPORTED', 'this port speaks TLS: use https:// instead of http://');
const BAD_REQUEST = 400;

/**
 * Looks at the first byte of each connection before the TLS server does, so that a client that speaks plain HTTP is told so
 * instead of being cut off. What was read goes back into the socket, whose handle the TLS server takes over as always:
 * nothing stands between a TLS client and the server afterwards. A connection that sends nothing is closed.
 */
export function checkFirstByte(server: Server, timeoutMs: number): void {
  const startTls = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const silence = setTimeout(() => socket.destroy(), timeoutMs);
    const discard = (): void => void socket.destroy();
    socket.on('error', discard);
    socket.once('close', () => clearTimeout(silence));
    socket.once('readable', () => {
      clearTimeout(silence);
      const chunk: unknown = socket.read();
      // Null when the client has closed without a word.
      if (!(chunk instanceof Uint8Array)) return discard();
      if (chunk[0] !== TLS_HANDSHAKE) return sendRawError(socket, USE_HTTPS, BAD_REQUEST);
      socket.off('error', discard);
      socket.unshift(chunk);
      for (const listener of startTls) Reflect.apply(listener, server, [socket]);
    });
  });
}
