export type TemplateValues = Readonly<Record<string, string | number>>;

const EACH = /^.*@each@.*\n([\s\S]*?)^.*@end@.*\n/gm;
const PLACEHOLDER = /@([A-Z_]+)@/g;

/**
 * Fills placeholders such as `@PORT@` in. Lines between one with `@each@` and one with `@end@` come once for each item, whose
 * values go before the common ones.
 * @throws {Error} for a placeholder without a value
 */
export function fillTemplate(
  template: string,
  values: TemplateValues,
  items: readonly TemplateValues[] = [],
): string {
  const repeated = template.replace(EACH, (_, lines: string) =>
    items.map((item) => fillPlaceholders(lines, { ...values, ...item })).join(''),
  );
  return fillPlaceholders(repeated, values);
}

function fillPlaceholders(text: string, values: TemplateValues): string {
  return text.replace(PLACEHOLDER, (placeholder, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${placeholder} has no value`);
    return String(value);
  });
}
