import type { Fleet } from './fleet.ts';
import type { ProcessPlan } from './process-plan.ts';
import { SupervisorError } from './supervisor-error.ts';

/**
 * Starts logger, workers, proxies, and the cleaner and the admin process, each stage once the one before it serves: clients are let in when there is
 * somebody to answer them. A logger or worker that does not start holds up nothing else, since the other upstreams can be
 * served without it; nothing can be served without a proxy.
 *
 * @throws SupervisorError `START_FAILED` when the proxy does not start
 */
export async function startInOrder(fleet: Fleet, plan: ProcessPlan, signal: AbortSignal): Promise<void> {
  await fleet.start(plan.logger, signal);
  await Promise.all(plan.workers.map((worker) => fleet.start(worker, signal)));
  const serve = await Promise.all(plan.proxies.map((proxy) => fleet.start(proxy, signal)));
  if (!serve.some(Boolean) && !signal.aborted) {
    throw new SupervisorError(
      'START_FAILED',
      'the proxy does not start: the log lines above say why, such as a port in use or a certificate that cannot be used',
    );
  }
  await Promise.all([fleet.start(plan.cleaner, signal), fleet.start(plan.admin, signal)]);
}
