/** The settings that one text can give: from the environment, from the command line, or in config.yml. */
export const SETTING_KEYS = [
  'log.level',
  'http.addr',
  'http.draintimeout',
  'http.tls.certificate',
  'http.tls.key',
  'auth.htpasswd.realm',
  'auth.htpasswd.path',
  'storage.filesystem.rootdirectory',
  'rundir',
  'pullsecret',
  'ignoreregistries',
  'fills.abandonbelow',
  'fills.maxsize',
  'cleaner.maxsize',
  'cleaner.thresholdpercentage',
  'cleaner.runevery',
] as const;

export type SettingKey = (typeof SETTING_KEYS)[number];

/** Settings that only config.yml can give; `*` stands for an upstream's name. */
export const FILE_ONLY_KEYS: readonly string[] = [
  'version',
  'upstreams.*.url',
  'upstreams.*.default',
  'upstreams.*.cas',
  'upstreams.*.tagttl',
  'upstreams.*.tokenhosts',
  'upstreams.*.maxconnections',
];

/** Keys of distribution's schema with no meaning in a cache of this kind; ignored, so that its config.yml works as it is. */
export const MEANINGLESS_KEYS: readonly string[] = [
  'catalog',
  'compatibility',
  'health',
  'http.debug',
  'http.h2c',
  'http.headers',
  'http.http2',
  'http.net',
  'http.prefix',
  'http.relativeurls',
  'http.tls.ciphersuites',
  'http.tls.minimumtls',
  'log.accesslog',
  'log.fields',
  'log.formatter',
  'log.hooks',
  'log.reportcaller',
  'loglevel',
  'middleware.repository',
  'middleware.storage',
  'notifications',
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

/** Keys whose behaviour this cache does not have yet. */
export const KEYS_WITHOUT_EFFECT: readonly string[] = [
  'authorizationttl',
  'http.host',
  'http.secret',
  'middleware.registry',
  'storage.delete',
];
