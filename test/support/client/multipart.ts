export interface BodyPart {
  readonly contentRange: string | undefined;
  readonly body: Buffer;
}

/** The parts of a `multipart/byteranges` body, as strict as containers/image is. @throws where it is no such body */
export function splitParts(contentType: string | undefined, bytes: Uint8Array): BodyPart[] {
  const boundary = /^multipart\/byteranges; ?boundary="?([^";]+)"?$/.exec(contentType ?? '')?.[1];
  if (boundary === undefined) throw new Error(`expected multipart/byteranges, got ${contentType}`);
  // One character for each byte, so that positions in the text are positions in the body.
  const [preamble, ...sections] = `\r\n${Buffer.from(bytes).toString('latin1')}`.split(`\r\n--${boundary}`);
  if (preamble !== '' && preamble !== '\r\n') throw new Error('there are bytes before the first part');
  if (!/^--(\r\n)?$/.test(sections.pop() ?? '')) throw new Error('the last boundary is missing');
  return sections.map((section) => {
    const end = section.indexOf('\r\n\r\n');
    return {
      contentRange: /^content-range: (.*)$/im.exec(section.slice(0, end))?.[1]?.trim(),
      body: Buffer.from(section.slice(end + 4), 'latin1'),
    };
  });
}
