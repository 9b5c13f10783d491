import { afterAll, onTestFinished } from 'vitest';

interface Closable {
  close(): Promise<void>;
}

/** Takes ownership of what it is given, and returns it. */
export type CloseLater = <T extends Closable>(resource: T) => T;

/** The running test owns the resource: it is closed when the test ends, the last one first. */
export const closeAtEnd: CloseLater = (resource) => {
  onTestFinished(() => resource.close());
  return resource;
};

/** For what all tests of a file share: it is closed after the last of them, the last one first. */
export function closeAfterAll(): CloseLater {
  const resources: Closable[] = [];
  afterAll(async () => {
    for (const resource of resources.toReversed()) await resource.close();
  });
  return (resource) => {
    resources.push(resource);
    return resource;
  };
}
