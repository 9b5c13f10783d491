export { parseByteSize } from './byte-size.ts';
export { describeCertificate, type CertificateReport } from './certificate-report.ts';
export { ConfigError, InvalidValueError, type ConfigProblem } from './config-error.ts';
export { CONTROL_SOCKET_NAME, findControlSocket, findOtherOwners } from './control-socket.ts';
export type { WellKnownPaths } from './defaults.ts';
export {
  describeUpstreams,
  type CredentialDescription,
  type UpstreamDescription,
} from './describe-upstreams.ts';
export { MAX_TIMER_MS, parseDuration } from './duration.ts';
export { readEnvironment, type Environment } from './environment.ts';
export { parseHtpasswd } from './htpasswd.ts';
export { findListenUrl } from './listen-url.ts';
export { loadSettings, type SettingsSources } from './load-settings.ts';
export type {
  AdminSettings,
  AdminUpstream,
  CleanerProcessSettings,
  LoggerSettings,
  ProxySettings,
  ProxyUpstream,
  WorkerSettings,
} from './process-settings.ts';
export { parsePullSecret, type PullSecret, type PullSecretEntry } from './pull-secret.ts';
export type { PullSecretKey, RegistryPattern } from './pull-secret-key.ts';
export type { Overrides } from './read-document.ts';
export { MAX_SOCKET_NAME_BYTES } from './run-directory.ts';
export { SELF_SIGNED_SOURCE } from './self-signed.ts';
export type { SettingKey } from './setting-keys.ts';
export type {
  AccessLogSettings,
  CleanerSettings,
  Credential,
  CredentialEntry,
  DashboardSettings,
  DebugSettings,
  FillSettings,
  HtpasswdSettings,
  HttpSettings,
  LogSettings,
  NotificationEndpoint,
  OutboundProxySettings,
  Settings,
  StorageSettings,
  TelemetrySettings,
  TlsSettings,
  UpstreamSettings,
  WarmRule,
  WarmSettings,
} from './settings.ts';
export { nameUpstreamSetting } from './upstream-setting.ts';
