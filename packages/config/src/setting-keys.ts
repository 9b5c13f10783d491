/** The settings that one text can give: from the environment, from the command line, or in config.yml. */
export const SETTING_KEYS = [
  'log.level',
  'log.accesslog.disabled',
  'log.accesslog.format',
  'log.accesslog.blobs',
  'authorizationttl',
  'http.addr',
  'http.host',
  'http.secret',
  'http.draintimeout',
  'http.processes',
  'http.tls.certificate',
  'http.tls.key',
  'http.debug.addr',
  'http.debug.prometheus.enabled',
  'http.debug.prometheus.path',
  'http.debug.actions',
  'http.dashboard.enabled',
  'http.dashboard.admins',
  'auth.htpasswd.realm',
  'auth.htpasswd.path',
  'storage.filesystem.rootdirectory',
  'storage.delete.enabled',
  'rundir',
  'pullsecret',
  'ignoreregistries',
  'workers.idletimeout',
  'fills.abandonbelow',
  'fills.maxsize',
  'cleaner.maxsize',
  'cleaner.thresholdpercentage',
  'cleaner.runevery',
  'cleaner.blobttl',
  'cleaner.blobttlfrom',
  'cleaner.pins',
  'warm.every',
  'warm.bandwidth',
  'warm.concurrency',
  'warm.platforms',
  'warm.images',
] as const;

export type SettingKey = (typeof SETTING_KEYS)[number];

/** Settings that only config.yml can give; `*` stands for an upstream's name. */
export const FILE_ONLY_KEYS: readonly string[] = [
  'version',
  'upstreams.*.url',
  'upstreams.*.default',
  'upstreams.*.authorization',
  'upstreams.*.caches',
  'upstreams.*.cas',
  'upstreams.*.tagttl',
  'upstreams.*.tokenhosts',
  'upstreams.*.maxconnections',
  'middleware.registry',
  'notifications.endpoints',
];

/** Keys of distribution's schema with no meaning in a cache of this kind; ignored, so that its config.yml works as it is. */
export const MEANINGLESS_KEYS: readonly string[] = [
  'catalog',
  'compatibility',
  'health',
  'http.debug.tls',
  'http.h2c',
  'http.headers',
  'http.http2',
  'http.net',
  'http.prefix',
  'http.relativeurls',
  'http.tls.ciphersuites',
  'http.tls.minimumtls',
  'log.fields',
  'log.formatter',
  'log.hooks',
  'log.reportcaller',
  'loglevel',
  'middleware.repository',
  'middleware.storage',
  'notifications.events',
  'policy',
  'proxy',
  'redis',
  'reporting',
  'storage.azure',
  'storage.cache',
  'storage.filesystem.maxthreads',
  'storage.gcs',
  'storage.inmemory',
  'storage.maintenance',
  'storage.oss',
  'storage.redirect',
  'storage.s3',
  'storage.swift',
  'storage.tag',
  'validation',
];

/** Every key and every section, with the name of the upstream that `path` is about in place of `*`. */
export function knownKeys(path: readonly string[]): Set<string> {
  const upstream = path[0] === 'upstreams' ? path[1] : undefined;
  const known = new Set<string>();
  for (const key of [...SETTING_KEYS, ...FILE_ONLY_KEYS]) {
    const segments = key.split('.').map((segment) => (segment === '*' ? (upstream ?? '*') : segment));
    for (let depth = 1; depth <= segments.length; depth++) known.add(segments.slice(0, depth).join('.'));
  }
  return known;
}
