import type { WarmEvent, WarmJobStatus } from '@registry-cache/control';

/** How the images of a job do, by what it has told. */
export interface JobStatus {
  apply(event: WarmEvent): void;
  images(): readonly WarmJobStatus[];
}

export function createJobStatus(): JobStatus {
  const byImage = new Map<string, WarmJobStatus>();
  return {
    apply(event) {
      const before = byImage.get(event.image) ?? { image: event.image, bytesDone: 0, bytesTotal: 0 };
      byImage.set(event.image, { ...before, ...changeBy(event) });
    },
    images: () => [...byImage.values()],
  };
}

function changeBy(event: WarmEvent): Pick<WarmJobStatus, 'state'> & Partial<WarmJobStatus> {
  switch (event.type) {
    case 'started':
      return { state: 'running' };
    case 'progress':
      return { state: 'running', bytesDone: event.bytesDone, bytesTotal: event.bytesTotal };
    case 'done':
      return { state: 'done', bytesDone: event.bytesTotal, bytesTotal: event.bytesTotal };
    case 'failed':
      return { state: 'failed', problem: event.problem };
  }
}
