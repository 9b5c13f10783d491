import bytes from 'bytes';
import { InvalidValueError, quote } from './config-error.ts';

const SIZE = /^(\d{1,15}(?:\.\d{1,15})?|\.\d{1,15}) *(?:B|([KMGTPEZY])i?B?)$/i;

// `bytes` ends at PB; what is larger is a PB times so much.
const PETABYTES: Readonly<Record<string, number>> = { E: 1024, Z: 1024 ** 2, Y: 1024 ** 3 };

/**
 * Bytes of `10G`, `512MiB`, `0.5 T`, `64k`, `100B`: every unit is a power of 1024, whatever its spelling.
 *
 * A number without a unit is refused: nobody who writes `10` for the size of a cache means ten bytes.
 *
 * @throws {InvalidValueError}
 */
export function parseByteSize(text: string): number {
  // `bytes` alone answers 10 for '10G' and 1 for '1.5G', so it only gets what it is known to understand.
  const match = SIZE.exec(text.trim());
  if (match === null) throw invalidSize(text);
  const amount = match[1]?.startsWith('.') ? `0${match[1]}` : (match[1] ?? '');
  const unit = match[2]?.toUpperCase() ?? '';
  const factor = PETABYTES[unit];
  const size = bytes.parse(`${amount}${factor === undefined ? unit : 'P'}B`);
  if (size === null) throw invalidSize(text);
  return size * (factor ?? 1);
}

function invalidSize(text: string): InvalidValueError {
  return new InvalidValueError(
    `expected a size with a unit, such as 10G, 512MiB or 0.5T, got ${quote(text)}`,
  );
}
