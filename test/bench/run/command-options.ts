/** `{ layers: 20 }` as `--layers 20`, for programs that take their options so. */
export function commandOptions(options: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
}
