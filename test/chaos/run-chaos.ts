import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createCertificateAuthority } from '../support/certificates.ts';
import type { CommandResult } from '../support/cache/run-command.ts';
import type { Login } from '../support/client/login-client.ts';
import type { RegistryClient } from '../support/client/registry-client.ts';
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.ts';
import { startCacheHost, type CacheHost } from './cache-host.ts';
import { letHappen, type Stage } from './incidents.ts';
import { createJournal, type Journal } from './journal.ts';
import { ageLeftovers, listLeftovers, type Leftover } from './leftovers.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { createOnDisk } from './on-disk.ts';
import type { ChaosOptions, Logins } from './options.ts';
import { inspectProcesses, type ProcessState } from './process-watch.ts';
import { createRandom } from './random.ts';
import { openScene, OUTSIDER, PULLER, type Scene } from './scene.ts';
import { planIncidents } from './schedule.ts';
import { intrude } from './intrude.ts';
import { pull } from './pull.ts';
import { visitWithoutPause } from './visitor.ts';
import type { Intruder, Visitor } from './who-visits.ts';
import { watchHealth } from './watch-health.ts';

/** Everything that a run has shown. */
export interface ChaosResult {
  readonly journal: Journal;
  readonly ledger: Ledger;
  /** What was wrong once nothing went wrong any more. */
  readonly afterwards: Ledger;
  readonly before: readonly ProcessState[];
  readonly after: readonly ProcessState[];
  readonly storeCheck: CommandResult;
  /** Behind processes that were killed, before and after a cleaning pass of two hours later. */
  readonly leftovers: readonly Leftover[];
  readonly leftoversAfterCleaning: readonly Leftover[];
}

/** What the cache logged, of the last run. */
export const LOG_FILE: string = fileURLToPath(new URL('../../.test-report-chaos/cache.log', import.meta.url));

const MIB = 1024 * 1024;
const VISITORS = 6;
const LIMITS = { CLEANER_MAXSIZE: '24M', CLEANER_THRESHOLD_PERCENTAGE: '20', CLEANER_RUNEVERY_TIME: '1s' };
/** Above the cleaner's threshold, below what is pulled between two of its passes. */
const DISK_BYTES = 40 * MIB;
/** For everything but the time that the run is to last. */
export const BEFORE_AND_AFTER_MS = 90_000;
/** Idle connections are closed and memory is given back. */
const QUIET_MS = 3000;
// htpasswd -nbB -C 5 someone 'client: pässword'
const HTPASSWD = 'someone:$2y$05$78LvC4h9WBhk2n6YQKGb5Om.f8CsSb0uFD0/KC2m.ZApz1XF22jkK\n';
const LOGIN = 'someone:client: pässword';

export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const ca = await createCertificateAuthority();
  const scene = await openScene(ca, options.logins);
  const data = await openData(options);
  const upstreams = Object.fromEntries(
    scene.sites.map(({ name, upstream, authorization }) => [
      name,
      { url: upstream.origin, tagttl: '1s', authorization },
    ]),
  );
  const host = await startCacheHost({
    ca,
    upstreams,
    pullSecret: scene.pullSecret,
    ...(options.logins === 'htpasswd' ? { htpasswd: HTPASSWD } : {}),
    env: LIMITS,
    config: { storage: { filesystem: { rootdirectory: data.path } }, authorizationttl: '2s' },
  });
  try {
    const stage = { host, scene, disk: data.disk, journal: createJournal() };
    return await Promise.race([unleash(options, stage, data.path), tooLate(options)]);
  } catch (cause) {
    throw new Error(`the run broke off; the cache's log is in ${LOG_FILE}`, { cause });
  } finally {
    await mkdir(dirname(LOG_FILE), { recursive: true });
    await writeFile(LOG_FILE, host.logText());
    await host.close();
    await scene.close();
    await data.close();
  }
}

/** So that what was started is closed in time, whatever hangs. */
async function tooLate({ seconds }: ChaosOptions): Promise<never> {
  await sleep(seconds * 1000 + BEFORE_AND_AFTER_MS, undefined, { ref: false });
  throw new Error(`pulling before and after took longer than ${BEFORE_AND_AFTER_MS} ms`);
}

async function unleash(options: ChaosOptions, stage: Stage, dataFolder: string): Promise<ChaosResult> {
  const { host, scene, disk, journal } = stage;
  const ledger = createLedger(journal);
  const onDisk = createOnDisk(dataFolder);
  await pullEverything(host, scene, { ledger, onDisk, logins: options.logins });
  await sleep(QUIET_MS);
  const before = await inspectProcesses(host.cache);

  const incidents = planIncidents(createRandom(`${options.seed} incidents`), {
    seconds: options.seconds,
    upstreams: scene.sites.map(({ name }) => name),
    repositories: scene.sites[0]?.repositories.length ?? 0,
    smallDisk: disk !== undefined,
  });
  // A composed signal that nobody listens to may be collected before it is aborted.
  const visits = new AbortController();
  setTimeout(() => visits.abort(), options.seconds * 1000).unref();
  const end = visits.signal;
  const visitors = openVisitors(options.seed, host, { ledger, onDisk, logins: options.logins });
  await Promise.all([
    letHappen(stage, incidents).catch((err: unknown) => {
      visits.abort();
      throw err;
    }),
    ...visitors.map((visitor) => visitWithoutPause(visitor, scene, end)),
    watchHealth(host, ledger, end),
    forgetRequests(scene, end),
  ]);

  const afterwards = createLedger(createJournal());
  await closeVisitors(visitors);
  await pullEverything(host, scene, { ledger: afterwards, onDisk, logins: options.logins });
  await sleep(QUIET_MS);
  const after = await inspectProcesses(host.cache);
  const storeCheck = await host.cache.run(['check', '--store']);
  const leftovers = await listLeftovers(dataFolder);
  await ageLeftovers(leftovers);
  await host.cache.run(['clean']);
  const leftoversAfterCleaning = await listLeftovers(dataFolder);
  return { journal, ledger, afterwards, before, after, storeCheck, leftovers, leftoversAfterCleaning };
}

function openVisitors(seed: string, host: CacheHost, { logins, ...judges }: Judges): Visitor[] {
  return Array.from({ length: VISITORS }, (_, index) => ({
    ...judges,
    ...openClients(host, logins, index % 2 === 0),
    random: createRandom(`${seed} visitor ${index}`),
  }));
}

/** @param byToken whether they get tokens, as container engines do; they send their passwords otherwise */
function openClients(
  host: CacheHost,
  logins: Logins,
  byToken: boolean,
): Pick<Visitor, 'client' | 'intruders'> {
  const nobody = { kind: 'nobody', status: 401 } as const;
  if (logins === 'htpasswd') {
    const stranger = { ...nobody, client: host.client(), isKeptFrom: () => true };
    return { client: host.client(LOGIN), intruders: [stranger] };
  }
  const open = (login: Login): RegistryClient =>
    byToken ? host.loginClient(login) : host.client(`${login.user}:${login.password}`);
  const isKeptFrom: Intruder['isKeptFrom'] = ({ authorization }) => authorization === 'origin';
  const stranger = { ...nobody, client: byToken ? host.loginClient() : host.client(), isKeptFrom };
  const outsider = { kind: 'outsider', status: 403, client: open(OUTSIDER), isKeptFrom } as const;
  return { client: open(PULLER), intruders: [stranger, outsider] };
}

async function closeVisitors(visitors: readonly Visitor[]): Promise<void> {
  const clients = visitors.flatMap(({ client, intruders }) => [
    client,
    ...intruders.map((each) => each.client),
  ]);
  await Promise.all(clients.map((client) => client.close()));
}

/** Every image, by every visitor, while nothing goes wrong; and then by those who may not have it, now that it is cached. */
async function pullEverything(host: CacheHost, { sites }: Scene, judges: Judges): Promise<void> {
  const visitors = openVisitors('everything', host, judges);
  for (const site of sites) {
    for (const repository of site.repositories) {
      await Promise.all(visitors.map((visitor) => pull(visitor, site, repository)));
      await Promise.all(visitors.map((visitor) => intrude(visitor, site, repository)));
    }
  }
  await closeVisitors(visitors);
}

/** What the upstreams remember of each request is for tests that ask for it. */
async function forgetRequests({ sites }: Scene, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(1000);
    for (const { upstream } of sites) upstream.forgetRequests();
  }
}

interface Judges extends Pick<Visitor, 'ledger' | 'onDisk'> {
  readonly logins: Logins;
}

interface Data {
  readonly path: string;
  readonly disk: SmallDisk | undefined;
  close(): Promise<void>;
}

async function openData({ smallDisk }: ChaosOptions): Promise<Data> {
  if (smallDisk) {
    const disk = await mountSmallDisk(DISK_BYTES);
    return { path: disk.path, disk, close: () => disk.close() };
  }
  const path = await mkdtemp(join(tmpdir(), 'chaos-'));
  return { path, disk: undefined, close: () => rm(path, { recursive: true }) };
}
