import type { Terminal } from '../../terminal/terminal.ts';
import type { Connections } from './check-connections.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { Step, StepName, StepOutcome } from './step.ts';

const TITLES: Readonly<Record<StepName, string>> = {
  listen: 'listen',
  dns: 'DNS',
  tcp: 'TCP',
  tls: 'TLS',
  clock: 'clock',
  ping: '/v2/',
  login: 'login',
  manifest: 'manifest',
};
const TITLE_WIDTH = 10;
const OUTCOME_WIDTH = 9;

/** What was found about every server, for people. */
export function formatConnections({ diagnoses, advice }: Connections, terminal: Terminal): string[] {
  return [
    ...diagnoses.flatMap((diagnosis) => formatDiagnosis(diagnosis, terminal)),
    ...(advice.length === 0 ? [] : ['', 'what to do:', ...advice.map((line) => `- ${line}`)]),
  ];
}

function formatDiagnosis(diagnosis: Diagnosis, terminal: Terminal): string[] {
  return [
    '',
    terminal.style('bold', titleOf(diagnosis)),
    ...diagnosis.steps.map((step) => formatStep(step, terminal)),
  ];
}

function titleOf({ kind, upstream = '', url }: Diagnosis): string {
  switch (kind) {
    case 'upstream':
      return `upstream ${upstream} at ${url}`;
    case 'neighbour':
      return `another cache of ${upstream} at ${url}`;
    case 'cache':
      return `this cache at ${url}`;
  }
}

function formatStep({ name, outcome, message }: Step, terminal: Terminal): string {
  const title = TITLES[name].padEnd(TITLE_WIDTH);
  return `  ${title}${styled(outcome, terminal)}${message}`;
}

function styled(outcome: StepOutcome, terminal: Terminal): string {
  const text = (outcome === 'skipped' ? '-' : outcome).padEnd(OUTCOME_WIDTH);
  switch (outcome) {
    case 'ok':
      return terminal.style('green', text);
    case 'warning':
      return terminal.style('yellow', text);
    case 'failed':
      return terminal.style('red', text);
    case 'skipped':
      return terminal.style('dim', text);
  }
}
