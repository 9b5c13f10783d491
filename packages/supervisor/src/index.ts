export { createLogDestination, type LogDestination } from './log-destination.ts';
export { serve, type ServeOptions } from './serve.ts';
export type { SignalSource } from './signals.ts';
