import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startCachedUpstream } from '../support/cached-upstream.ts';
import { closeAtEnd } from '../support/close-at-end.ts';
import { eventually } from '../support/eventually.ts';
import { addColdImage } from '../support/image/cold-image.ts';

/** A folder as the kubelet mounts secrets: the file is a link through `..data`, which one rename points elsewhere. */
async function createSecretVolume(): Promise<{ file: string; write(auths: object): Promise<void> }> {
  const volume = await mkdtemp(join(tmpdir(), 'secret-volume-'));
  onTestFinished(() => rm(volume, { recursive: true }));
  let version = 0;
  const write = async (auths: object): Promise<void> => {
    const folder = `..2026_${(version += 1)}`;
    await mkdir(join(volume, folder));
    await writeFile(join(volume, folder, 'pull-secret.json'), JSON.stringify({ auths }));
    await symlink(folder, join(volume, '..data_tmp'));
    await rename(join(volume, '..data_tmp'), join(volume, '..data'));
    if (version > 1) await rm(join(volume, `..2026_${version - 1}`), { recursive: true });
  };
  await symlink('..data/pull-secret.json', join(volume, 'pull-secret.json'));
  return { file: join(volume, 'pull-secret.json'), write };
}

test('a secret that Kubernetes swaps takes effect, more than once', async () => {
  const volume = await createSecretVolume();
  await volume.write({ 'quay.io': { username: 'someone', password: 'first' } });
  const { upstream, client } = await startCachedUpstream(closeAtEnd, {
    upstream: { authentication: { kind: 'basic', accounts: [{ username: 'someone', password: 'first' }] } },
    config: { pullsecret: volume.file },
  });
  const statusOf = async (tag: string): Promise<number> =>
    (await client.get(`/v2/${image.name}/manifests/${tag}`)).status;
  const image = addColdImage(upstream, 'kubernetes');
  expect(await statusOf('v1')).toBe(200);

  for (const password of ['second', 'third']) {
    upstream.addImage(image.repository, password, addColdImage(upstream, password));
    upstream.authenticateBy({ kind: 'basic', accounts: [{ username: 'someone', password }] });
    expect(await statusOf(password)).not.toBe(200);
    await volume.write({ 'quay.io': { username: 'someone', password } });
    await eventually(`the ${password} password is used`, async () => (await statusOf(password)) === 200);
  }
});
