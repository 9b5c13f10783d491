import { expect, test } from 'vitest';
import { createDiskPressure } from '../src/disk-pressure.ts';
import { planProcesses } from '../src/process-plan.ts';
import { createLogFile, type LogFile } from './support/log-file.ts';
import { settingsIn, SOME_IDENTITY } from './support/settings.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { until } from './support/until.ts';

interface Pressure {
  readonly log: LogFile;
  /** One report, so many seconds after the start; answers how often room was asked for by then. */
  readonly reportAt: (seconds: number) => number;
}

async function createTestPressure(): Promise<Pressure> {
  const folder = await temporaryFolder();
  const log = createLogFile(folder);
  const { cleaner } = planProcesses(settingsIn(folder), SOME_IDENTITY);
  let nowMs = 0;
  let asked = 0;
  const makeRoom = (): void => void (asked += 1);
  const pressure = createDiskPressure({ makeRoom, log: log.log, now: () => nowMs });
  return {
    log,
    reportAt(seconds) {
      nowMs = seconds * 1000;
      pressure.report(cleaner);
      return asked;
    },
  };
}

test('room is asked for at most every ten seconds, however many reports come', async () => {
  const { reportAt } = await createTestPressure();
  expect([0, 1, 9, 10, 15, 20].map(reportAt)).toEqual([1, 1, 1, 2, 2, 3]);
});

test('a disk that stays full is logged once, and again after five minutes without a report', async () => {
  const { log, reportAt } = await createTestPressure();
  for (const seconds of [0, 100, 399, 698, 998]) reportAt(seconds);
  const lines = await until('it is logged', () => log.lines().length >= 2 && log.lines());
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatchObject({
    level: 'warn',
    reporter: 'cleaner',
    dataDirectory: expect.stringMatching(/data$/) as string,
  });
});
