export { formatImageName, InvalidImageNameError, parseImageName, type ImageName } from './image-name.ts';
export { findImage, listImages } from './list-images.ts';
export { createPinFile, InvalidPinFileError, type PinFile } from './pin-file.ts';
export { createPinMatcher, type PinMatcher, type PinnableImage } from './pin-matcher.ts';
export { checkPinPattern } from './pin-pattern.ts';
export { findPinnedDigests } from './pinned-digests.ts';
export { findPinsInTheWay } from './pins-in-the-way.ts';
export { removeImage } from './remove-image.ts';
export type { RepositoryWalkOptions as ListOptions } from './repository-walk.ts';
export type {
  ImageBlob,
  RemovalReport,
  StoredImage,
  StoredImageDetail,
  StoredManifest,
} from './stored-image.ts';
