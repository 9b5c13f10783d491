/** One import or re-export of a module. */
export interface Import {
  /** As it is written: `@registry-cache/store/read`. */
  readonly specifier: string;
  /** `type` leaves nothing at run time, `dynamic` is `import(…)`. */
  readonly kind: 'value' | 'type' | 'dynamic';
}

const STATIC = /^(?:import|export)\s+(type\s+)?(?:[\w*\s{},]+?\sfrom\s+)?'([^']+)'/gm;
const DYNAMIC = /\bimport\(\s*'([^']+)'/g;
const TYPE_QUERY = /\btypeof\s+import\(\s*'([^']+)'/g;

/** Every import in TypeScript source without comments, formatted as this repository formats it. */
export function findImports(code: string): Import[] {
  const statics = [...code.matchAll(STATIC)].map(([, type, specifier = '']): Import => {
    return { specifier, kind: type === undefined ? 'value' : 'type' };
  });
  const queries = [...code.matchAll(TYPE_QUERY)].map(([, specifier = '']): Import => {
    return { specifier, kind: 'type' };
  });
  const dynamics = [...code.replaceAll(TYPE_QUERY, '').matchAll(DYNAMIC)].map(
    ([, specifier = '']): Import => {
      return { specifier, kind: 'dynamic' };
    },
  );
  return [...statics, ...queries, ...dynamics];
}
