export interface ConfigMap {
  [key: string]: unknown;
}

/** config.yml as it was written, with what overrides it laid over it, and who set what. */
export class ConfigTree {
  readonly root: ConfigMap;
  readonly #labels = new Map<string, string>();

  constructor(root: ConfigMap) {
    this.root = root;
  }

  /** Sets the value at `path`, making maps on the way; messages call it `label` from now on. */
  set(path: readonly string[], value: unknown, label: string): void {
    const last = path.at(-1);
    if (last === undefined) return;
    let map = this.root;
    for (const key of path.slice(0, -1)) {
      const next = map[key];
      const child = isMap(next) ? next : {};
      map[key] = child;
      map = child;
    }
    map[last] = value;
    this.#labels.set(path.join('.'), label);
  }

  get(path: readonly string[]): unknown {
    let value: unknown = this.root;
    for (const key of path) value = isMap(value) && Object.hasOwn(value, key) ? value[key] : undefined;
    return value;
  }

  /** Takes out what is at `path`, and the maps that this leaves empty. */
  remove(path: readonly string[]): void {
    const last = path.at(-1);
    const parentPath = path.slice(0, -1);
    const parent = this.get(parentPath);
    if (last === undefined || !isMap(parent)) return;
    delete parent[last];
    if (Object.keys(parent).length === 0) this.remove(parentPath);
  }

  /** How messages name `path`: the variable or option that set it, else its key in config.yml. */
  label(path: readonly string[]): string {
    const key = path.join('.');
    return this.#labels.get(key) ?? key;
  }
}

export function isMap(value: unknown): value is ConfigMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
