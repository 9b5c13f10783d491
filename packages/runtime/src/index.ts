export {
  runChildProcess,
  type ProcessContext,
  type ProcessSettings,
  type RunningProcess,
  type StartProcess,
} from './child-process.ts';
export { entryPoint, type ProcessName } from './entry-points.ts';
export { EXIT_CONFIG, EXIT_FAILURE } from './exit-codes.ts';
export { createLog, flushLog, type Logger, type LogLevel, type LogOptions } from './log.ts';
export { describePortProblem } from './port-problem.ts';
export type { MessageToChild, MessageToSupervisor } from './process-messages.ts';
