/** Why a fill was aborted while nothing was wrong with it. */
export class DesertedError extends Error {
  override readonly name = 'DesertedError';
}
