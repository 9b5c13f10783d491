import type { AdminSettings } from '@registry-cache/config';
import { runChildProcess } from '@registry-cache/runtime';
import { startAdmin } from './start-admin.ts';

runChildProcess<AdminSettings>(() => ({ process: 'admin' }), startAdmin);
