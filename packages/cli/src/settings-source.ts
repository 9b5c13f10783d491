/** Options of the command line that go before the environment and the configuration file. */
export interface SettingsFlags {
  readonly addr?: string;
  readonly data?: string;
  readonly pullSecret?: string;
  readonly logLevel?: string;
}

/** Where a command's settings come from, besides the environment. */
export interface SettingsSource extends SettingsFlags {
  readonly configFile: string | undefined;
}
