import type { FillFile } from '@registry-cache/store';

/** A file that may not be needed. */
export interface FileAhead {
  begin(): void;
  get(): Promise<FillFile | undefined>;
  discard(): Promise<void>;
}

export function createAhead(create: () => Promise<FillFile | undefined>): FileAhead {
  let created: Promise<FillFile | undefined> | undefined;
  return {
    begin: () => {
      created ??= create();
      // What goes wrong counts where the file is needed.
      created.catch(() => {});
    },
    get: () => created ?? create(),
    discard: async () => {
      const file = await created?.catch(() => undefined);
      // It is empty, and the cleaner finds it where it stays: why it is not needed says more than what is wrong with it.
      await file?.close().catch(() => {});
      await file?.discard().catch(() => {});
    },
  };
}
