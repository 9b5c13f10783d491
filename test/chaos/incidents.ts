import { setTimeout as sleep } from 'node:timers/promises';
import type { SmallDisk } from '../support/small-disk.ts';
import type { ChildName } from '../support/cache/process-tree.ts';
import type { CacheHost } from './cache-host.ts';
import { breakUpstream, mayHideRights, mayLie, type FaultKind } from './faults.ts';
import type { Harm, Journal } from './journal.ts';
import type { Scene, Site } from './scene.ts';
import type { Action, Incident } from './schedule.ts';

export interface Stage {
  readonly host: CacheHost;
  readonly scene: Scene;
  readonly disk: SmallDisk | undefined;
  readonly journal: Journal;
}

/** What an upstream denied is remembered for seconds, one that was down is asked again after a pause, and a 429 says how long. */
const UPSTREAM_GRACE_MS = 6000;
/** A password that an upstream has refused is not sent there again for half a minute. */
const REFUSED_LOGIN_GRACE_MS = 32_000;
/** A process that was just seen has to read its settings and to listen. */
const PROCESS_GRACE_MS = 3000;
const PATIENCE_MS = 30_000;
const POLL_MS = 50;

/** Lets everything happen as planned. @throws where the cache does not come back */
export async function letHappen(stage: Stage, incidents: readonly Incident[]): Promise<void> {
  const beganAt = performance.now();
  const processes = createQueue();
  await Promise.all(
    incidents.map(async (incident) => {
      await sleep(Math.max(0, incident.atMs - (performance.now() - beganAt)));
      const happens = (): Promise<void> => happen(stage, incident.action, incident.durationMs);
      // A cache that is being restarted has no processes to kill.
      await (incident.action.kind === 'kill' || incident.action.kind === 'restart'
        ? processes(happens)
        : happens());
    }),
  );
}

async function happen(stage: Stage, action: Action, durationMs: number): Promise<void> {
  switch (action.kind) {
    case 'kill':
      return kill(stage, action.name);
    case 'restart':
      return restart(stage, action.how);
    case 'fault':
      return fault(stage, findSite(stage.scene, action.upstream), action.fault, durationMs);
    case 'move-tag': {
      const { name, repositories } = findSite(stage.scene, action.upstream);
      stage.journal.open({ what: `${name} moves a tag`, harms: { kind: 'nothing' }, graceMs: 0 })();
      return repositories[action.repository]?.moveTag();
    }
    case 'fill-disk':
      return fillDisk(stage, durationMs);
  }
}

async function kill({ host, journal }: Stage, name: ChildName): Promise<void> {
  const harmless = name === 'logger' || name === 'cleaner';
  const harms: Harm = harmless ? { kind: 'nothing' } : { kind: 'cache', sparesAnswers: false };
  const over = journal.open({ what: `${name} killed`, harms, graceMs: PROCESS_GRACE_MS });
  const before = await host.cache.kill(name);
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const running = (await host.cache.children()).filter((child) => child.name === name);
    if (running.length >= before.length && running.every(({ pid }) => !before.includes(pid))) break;
    if (performance.now() > deadline) throw new Error(`no ${name} ${PATIENCE_MS} ms after it was killed`);
    await sleep(POLL_MS);
  }
  over();
}

async function restart({ host, journal }: Stage, how: 'stop' | 'crash'): Promise<void> {
  const over = journal.open({
    what: how === 'stop' ? 'cache stopped and started' : 'cache killed and started',
    // What was being answered when SIGTERM came is answered to its end.
    harms: { kind: 'cache', sparesAnswers: how === 'stop' },
    graceMs: PROCESS_GRACE_MS,
  });
  await (how === 'stop' ? host.restart() : host.crash());
  over();
}

async function fault(
  { journal }: Stage,
  { name, upstream, authorization }: Site,
  kind: FaultKind,
  durationMs: number,
): Promise<void> {
  const asksOrigin = authorization === 'origin';
  const over = journal.open({
    what: `${name} ${kind}`,
    harms: { kind: 'upstream', name, lies: mayLie(kind), evenHeld: asksOrigin && mayHideRights(kind) },
    graceMs: asksOrigin && kind === 'answers 401' ? REFUSED_LOGIN_GRACE_MS : UPSTREAM_GRACE_MS,
  });
  const repair = await breakUpstream(upstream, kind);
  await sleep(durationMs);
  await repair();
  over();
}

/** Excuses nothing: a pull goes on without being stored. */
async function fillDisk({ disk, journal }: Stage, durationMs: number): Promise<void> {
  if (disk === undefined) return;
  const over = journal.open({ what: 'disk filled', harms: { kind: 'nothing' }, graceMs: 0 });
  await disk.occupy();
  await sleep(durationMs);
  await disk.release();
  over();
}

function findSite({ sites }: Scene, name: string): Site {
  const site = sites.find((each) => each.name === name);
  if (site === undefined) throw new Error(`no upstream ${name} in this run`);
  return site;
}

/** One after another, in the order in which they come. */
function createQueue(): (task: () => Promise<void>) => Promise<void> {
  let last = Promise.resolve();
  return (task) => (last = last.then(task));
}
