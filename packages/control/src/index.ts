export type { CleanerDetail, WorkerDetail } from './details.ts';
export type { History, HistoryPoint } from './history.ts';
export type { ImageList, Inspection, ListedImage, RemovalReport } from './images.ts';
export type { LogPage } from './log.ts';
export type { Pin, PinList, PinRequest } from './pins.ts';
export type { Problem } from './problem.ts';
export type {
  DiskStatus,
  LoggedError,
  ProcessStatus,
  RateLimitStatus,
  RunningFill,
  Status,
  Traffic,
  UpstreamStatus,
  WarmJobStatus,
} from './status.ts';
export type { WarmEvent, WarmRequest } from './warm.ts';
export { createControlClient, ControlError, type ControlClient } from './control-client.ts';
