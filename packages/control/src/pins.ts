/** `GET /api/v1/pins` */
export interface PinList {
  readonly pins: readonly Pin[];
}

export interface Pin {
  /** `quay.io/openshift-release-dev/**`, `docker.io/library/alpine:3.*` */
  readonly pattern: string;
  /** Where it comes from: `cleaner.pins` in the configuration, or an operator's command. */
  readonly from: 'configuration' | 'command';
}

/** `POST /api/v1/pins`, and `DELETE` of the same. */
export interface PinRequest {
  readonly pattern: string;
}
