export {
  runChildProcess,
  type ProcessContext,
  type ProcessSettings,
  type RunningProcess,
  type StartProcess,
} from './child-process.ts';
export { entryPoint, type ProcessName } from './entry-points.ts';
export { connectEventQueue, createEventOutlet, type EventOutlet } from './events/event-outlet.ts';
export { createEventQueue, type EventQueue, type EventQueueOptions } from './events/event-queue.ts';
export { EXIT_CONFIG, EXIT_FAILURE } from './exit-codes.ts';
export { createLog, flushLog, type Logger, type LogLevel, type LogOptions } from './log.ts';
export { createOccupation, type Occupation, type OccupationOptions } from './occupation.ts';
export { describePortProblem } from './port-problem.ts';
export {
  METRICS,
  type CounterName,
  type GaugeName,
  type HistogramName,
  type LabelsOf,
  type MetricDefinition,
  type MetricName,
} from './observation/metrics.ts';
export type { Gauge, Observation, ObservationDetail } from './observation/observation.ts';
export type {
  FleetObservation,
  LogLine,
  ObservedProcess,
  ProcessDescription,
  SupervisorObservation,
} from './observation/process-description.ts';
export { createTally, type Increment, type Tally } from './observation/tally.ts';
export { createPendingAnswers, QuestionError, type PendingAnswers } from './pending-answers.ts';
export type {
  AnswerMessage,
  ChildQuestion,
  MessageToChild,
  MessageToSupervisor,
  SupervisorQuestion,
} from './process-messages.ts';
export { isAbsent, isRestarting } from './restarting.ts';
export { endWithAnswer } from './tracing/end-with-answer.ts';
export { openTracing, type TracingOptions } from './tracing/open-tracing.ts';
export type { Span, SpanAttributes, SpanOptions, Tracing } from './tracing/tracing.ts';
