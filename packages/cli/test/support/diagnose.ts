import { loadSettings, type Settings, type UpstreamSettings } from '@registry-cache/config';
import type { KnownManifest } from '../../src/check/connect/known-manifest.ts';
import { diagnoseTarget } from '../../src/check/connect/diagnose-target.ts';
import type { Diagnosis } from '../../src/check/connect/diagnosis.ts';
import type { Step, StepName } from '../../src/check/connect/step.ts';
import { targetsOf } from '../../src/check/connect/target.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface DiagnoseOptions {
  readonly upstream?: Partial<UpstreamSettings>;
  readonly outboundProxy?: Settings['outboundProxy'];
  readonly manifests?: readonly KnownManifest[];
  readonly timeoutMs?: number;
}

/** Every default that the real configuration has, with `registry.test` as the only upstream. */
export async function settingsOf(upstream: Partial<UpstreamSettings> = {}): Promise<Settings> {
  const folder = await temporaryFolder();
  const settings = await loadSettings({
    env: { HOME: folder },
    overrides: { 'storage.filesystem.rootdirectory': folder },
  });
  const [first] = settings.upstreams;
  if (first === undefined) throw new TypeError('expected an upstream');
  const name = 'registry.test' as UpstreamSettings['name'];
  return { ...settings, upstreams: [{ ...first, name, default: false, ...upstream }] };
}

/** What is found about the upstream `registry.test`, which is at `url`. */
export async function diagnose(url: string, options: DiagnoseOptions = {}): Promise<Diagnosis> {
  const [diagnosis] = await diagnoseAll(url, options);
  if (diagnosis === undefined) throw new TypeError('expected a diagnosis');
  return diagnosis;
}

/** The upstream first, then its neighbours. */
export async function diagnoseAll(url: string, options: DiagnoseOptions = {}): Promise<Diagnosis[]> {
  const { outboundProxy = {}, manifests = [], timeoutMs = 20_000 } = options;
  const { upstreams } = await settingsOf({ url, ...options.upstream });
  const targets = upstreams.flatMap((upstream) => targetsOf(upstream, manifests));
  const deadline = { signal: AbortSignal.timeout(timeoutMs), timeoutMs };
  return Promise.all(targets.map((target) => diagnoseTarget(target, { outboundProxy, deadline })));
}

/** The one step of that name; fails where there is none or another. */
export function stepOf({ steps }: Diagnosis, name: StepName): Step {
  const found = steps.filter((step) => step.name === name);
  const [first] = found;
  if (first === undefined || found.length > 1)
    throw new TypeError(`expected one step ${name}, got ${JSON.stringify(steps)}`);
  return first;
}
