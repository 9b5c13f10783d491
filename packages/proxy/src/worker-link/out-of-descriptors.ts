/** Of this process or of the machine: there are some again when other pulls finish. */
const OUT_OF_DESCRIPTORS: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE']);

export function isOutOfDescriptors(err: unknown): boolean {
  return err instanceof Error && 'code' in err && OUT_OF_DESCRIPTORS.has(err.code);
}
