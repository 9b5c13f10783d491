const END_OF_HEAD = '\r\n\r\n';
const LINE_FEED = 10;

/** The head of a request without a body, where a chunk is exactly one from its first byte to its last. */
export function soleHead(chunk: Buffer): string | undefined {
  if (chunk.at(-1) !== LINE_FEED) return undefined;
  const head = chunk.toString('latin1');
  return head.indexOf(END_OF_HEAD) === head.length - END_OF_HEAD.length ? head : undefined;
}
