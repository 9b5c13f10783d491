// usage: count-tests.mjs REPORT EXIT_CODE: prints "PASSED FAILED" of a vitest run.
import { existsSync, readFileSync } from 'node:fs';

const [path, exitCode] = process.argv.slice(2);
const report = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { testResults: [] };

const tests = report.testResults.flatMap((file) => file.assertionResults);
const passed = tests.filter((test) => test.status === 'passed').length;
// A test that did not run has shown nothing, and a file that could not be read has no tests to count.
const unreadable = report.testResults.filter(
  (file) => file.status === 'failed' && file.assertionResults.length === 0,
).length;
const failed = tests.length - passed + unreadable;

// What fails besides tests, such as an unhandled rejection or a setup, is in the exit code alone.
console.log(`${passed} ${failed === 0 && exitCode !== '0' ? 1 : failed}`);
