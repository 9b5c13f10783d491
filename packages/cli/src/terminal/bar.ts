import type { Style, Terminal } from './terminal.ts';

/** How much of something is there, as a line of `width` characters. The two halves differ without colours too. */
export function formatBar(share: number, width: number, style: Style, terminal: Terminal): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return terminal.style(style, '━'.repeat(full)) + terminal.style('dim', '─'.repeat(width - full));
}
