import { expect, test } from 'vitest';
import { createCacheFolder, type CacheFolder } from '../support/cache/cache-folder.ts';
import { runCommand, type CommandResult } from '../support/cache/run-command.ts';
import { createCertificateAuthority } from '../support/certificates.ts';
import { closeAtEnd } from '../support/close-at-end.ts';

const ca = await createCertificateAuthority();

async function emptyFolder(): Promise<CacheFolder> {
  const folder = await createCacheFolder(ca.certificate);
  closeAtEnd({ close: () => folder.remove() });
  return folder;
}

function run(command: string, folder: CacheFolder): Promise<CommandResult> {
  return runCommand([command, folder.configFile], {}, folder.root);
}

test.each(['serve', 'check'])('%s names every mistake at once, and ends with 78', async (command) => {
  const folder = await emptyFolder();
  await folder.writeConfig({
    version: 0.1,
    rundir: folder.run,
    storage: { filesystem: { rootdirectory: folder.data } },
    cleaner: { maxsize: '10 parsecs', runevery: 'often' },
    upstreams: { 'quay.io': { tagttl: '1 fortnight', url: 'ftp://quay.io' } },
  });
  const { exitCode, stdout, stderr } = await run(command, folder);
  expect(exitCode).toBe(78);
  for (const key of ['cleaner.maxsize', 'cleaner.runevery', 'tagttl', 'url']) {
    expect(stdout + stderr).toContain(key);
  }
});

test.each(['serve', 'check'])('%s shows nothing of a pull secret that has a mistake', async (command) => {
  const folder = await emptyFolder();
  await folder.writeConfig({ version: 0.1, rundir: folder.run, pullsecret: folder.pullSecretFile });
  const auth = Buffer.from('someone without a colon, and a s3cret').toString('base64');
  await folder.writePullSecret({ 'quay.io': { auth }, 'ghcr.io': { username: 'user-without-password' } });
  const { exitCode, stdout, stderr } = await run(command, folder);
  expect(exitCode).toBe(78);
  expect(stdout + stderr).toContain('quay.io');
  expect(stdout + stderr).not.toMatch(new RegExp(`s3cret|${auth}`));
});
