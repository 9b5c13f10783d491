/**
 * One word that is safe on a line and on a terminal: what clients write may hold ends of lines, escape sequences and characters that turn
 * a line around. Those, spaces and backslashes are written as `\u{a}`.
 */
export function toWord(text: string): string {
  return text.replace(/[\p{C}\p{Z}\\]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
