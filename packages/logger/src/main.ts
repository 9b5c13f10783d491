import type { LoggerSettings } from '@registry-cache/config';
import { runChildProcess } from '@registry-cache/runtime';
import { startLogger } from './start-logger.ts';

runChildProcess<LoggerSettings>(() => ({ process: 'logger' }), startLogger);
