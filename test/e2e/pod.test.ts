import { describePulls } from './support/describe-pulls.ts';
import { openBridge } from './support/running-container.ts';
import { startCachePod } from './support/running-pod.ts';

describePulls('the pod of deployment.yaml', { openHost: openBridge, start: startCachePod });
