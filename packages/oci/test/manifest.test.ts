import { expect, test } from 'vitest';
import { parseManifest } from '../src/manifest.ts';
import {
  DOCKER_MANIFEST,
  DOCKER_SCHEMA1,
  DOCKER_SCHEMA1_SIGNED,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../src/media-types.ts';

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const bytesOf = (document: unknown): Uint8Array => Buffer.from(JSON.stringify(document));

test('an image manifest refers to its config and layers', () => {
  const manifest = parseManifest(
    bytesOf({
      schemaVersion: 2,
      mediaType: DOCKER_MANIFEST,
      config: { digest: digest('1'), size: 7 },
      layers: [{ digest: digest('2'), size: 8 }, { digest: digest('3'), size: 'x' }, { digest: digest('2') }],
    }),
  );
  expect(manifest).toEqual({
    mediaType: DOCKER_MANIFEST,
    blobs: [digest('1'), digest('2'), digest('3')],
    sizes: new Map([
      [digest('1'), 7],
      [digest('2'), 8],
    ]),
    manifests: [],
  });
});

test('an index refers to manifests', () => {
  const index = parseManifest(
    bytesOf({ schemaVersion: 2, manifests: [{ digest: digest('1') }, { digest: digest('2') }] }),
  );
  expect(index).toEqual({
    mediaType: OCI_INDEX,
    blobs: [],
    sizes: new Map(),
    manifests: [digest('1'), digest('2')],
  });
});

test('a schema 1 manifest refers to its layers', () => {
  const document = { schemaVersion: 1, fsLayers: [{ blobSum: digest('1') }] };
  expect(parseManifest(bytesOf(document))).toEqual({
    mediaType: DOCKER_SCHEMA1,
    blobs: [digest('1')],
    sizes: new Map(),
    manifests: [],
  });
  expect(parseManifest(bytesOf({ ...document, signatures: [] })).mediaType).toBe(DOCKER_SCHEMA1_SIGNED);
});

test('without a mediaType, the shape decides', () => {
  expect(parseManifest(bytesOf({ schemaVersion: 2, config: {}, layers: [] })).mediaType).toBe(OCI_MANIFEST);
});

test('descriptors that make no sense are passed over', () => {
  const odd = {
    mediaType: OCI_MANIFEST,
    config: 7,
    layers: [null, {}, { digest: 'x' }, { digest: 4 }, [], digest('1')],
  };
  expect(parseManifest(bytesOf(odd)).blobs).toEqual([]);
});

test.each([
  ['a web page', Buffer.from('<html></html>')],
  ['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22])],
  ['a JSON array', bytesOf([])],
  ['null', bytesOf(null)],
  ['a document with a header in its mediaType', bytesOf({ mediaType: 'a/b\r\nset-cookie: x', layers: [] })],
  ['an object of no known shape', bytesOf({ hello: 'world' })],
])('%s is no manifest', (_case, bytes) => {
  expect(() => parseManifest(bytes)).toThrowError(expect.objectContaining({ code: 'MANIFEST_INVALID' }));
});
