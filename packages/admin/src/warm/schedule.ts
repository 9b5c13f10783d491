import type { WarmRule } from '@registry-cache/config';
import type { WarmJobStatus } from '@registry-cache/control';
import { startRule, type RunningRule, type RunningRuleOptions } from './rule.ts';

/** The rules of the configuration, each on its own. */
export interface Schedule {
  status(): readonly WarmJobStatus[];
  /** Ends rules that are gone, begins new ones, and leaves alone what is the same. */
  update(rules: readonly WarmRule[]): void;
  close(): Promise<void>;
}

export interface ScheduleOptions extends Pick<RunningRuleOptions, 'log' | 'now' | 'random'> {
  readonly run: (rule: WarmRule, ...rest: Parameters<RunningRuleOptions['run']>) => Promise<void>;
}

export function createSchedule({ run, ...common }: ScheduleOptions): Schedule {
  const running = new Map<string, RunningRule>();
  const ending = new Set<Promise<void>>();

  const end = (key: string, rule: RunningRule): void => {
    running.delete(key);
    const ended = rule.close().finally(() => ending.delete(ended));
    ending.add(ended);
  };

  return {
    status: () => [...running.values()].map((rule) => rule.status()),
    update(rules) {
      const wanted = new Map(rules.map((rule) => [JSON.stringify(rule), rule]));
      for (const [key, rule] of running) if (!wanted.has(key)) end(key, rule);
      for (const [key, rule] of wanted) {
        if (running.has(key)) continue;
        running.set(key, startRule({ ...common, rule, run: (emit, signal) => run(rule, emit, signal) }));
      }
    },
    async close() {
      for (const [key, rule] of running) end(key, rule);
      await Promise.all(ending);
    },
  };
}
