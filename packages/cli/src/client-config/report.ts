import type { Terminal } from '../terminal/terminal.ts';
import type { ClientConfig } from './client-config.ts';

export interface ReportOptions {
  /** The paths that were written; undefined where the files are to be shown. */
  readonly written: readonly string[] | undefined;
  readonly terminal: Terminal;
}

/** The files with their paths, then what to do. */
export function formatClientConfig(
  { files, commands, notes }: ClientConfig,
  { written, terminal }: ReportOptions,
): string[] {
  const heading = (text: string): string => terminal.style('bold', `# ${text}`);
  const shown = files.flatMap(({ path, content }) => [heading(path), ...content.trimEnd().split('\n'), '']);
  return [
    ...(written === undefined ? shown : [...written.map((path) => `wrote ${path}`), '']),
    heading('then'),
    ...commands,
    '',
    ...notes.map((note) => terminal.style('dim', `# ${note}`)),
  ];
}
