// A string, a template or a regular expression may contain what looks like a comment: they are matched first and kept.
const STRINGS = String.raw`'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|\`(?:[^\`\\]|\\.)*\``;
const REGULAR_EXPRESSION = String.raw`(?<=[=(,:!&|?{};\n]\s*)\/(?![*\/])(?:[^\/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*`;
const COMMENTS = String.raw`\/\/[^\n]*|\/\*[\s\S]*?\*\/`;
const TOKEN = new RegExp(`(${STRINGS}|${REGULAR_EXPRESSION})|${COMMENTS}`, 'g');

/** TypeScript source with its comments left out. */
export function withoutComments(source: string): string {
  return source.replaceAll(TOKEN, (_, kept: string | undefined) => kept ?? '');
}
