import type { SmallAnswer } from './small-answer.ts';

/**
 * `/healthz` says that the process lives, `/readyz` that it takes new pulls. Neither needs a login. Undefined for any other
 * path.
 */
export function findHealthAnswer(path: string, draining: boolean): SmallAnswer | undefined {
  if (path === '/healthz') return answer(200, 'ok\n');
  if (path === '/readyz') return draining ? answer(503, 'draining\n') : answer(200, 'ok\n');
  return undefined;
}

function answer(status: number, body: string): SmallAnswer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body };
}
