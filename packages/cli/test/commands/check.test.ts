import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestOf } from '@registry-cache/oci';
import { layoutOf } from '@registry-cache/store';
import { describe, expect, test } from 'vitest';
import type { CommandResult } from '../support/run-command.ts';
import { runInProcess } from '../support/run-in-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const PASSWORD = 'pa:ss-wörd';
const IDENTITY_TOKEN = 'identity-secret';
const REGISTRY_TOKEN = 'registry-secret';
const BASIC = Buffer.from(`user:${PASSWORD}`).toString('base64');
const PULL_SECRET = {
  auths: {
    'quay.io': {},
    'quay.io/team': { auth: BASIC },
    'ghcr.io': { username: 'user', password: PASSWORD },
    'registry.example.com:5000': { auth: '', identitytoken: IDENTITY_TOKEN },
    'token.example.com': { registrytoken: REGISTRY_TOKEN },
  },
};

async function runCheck(pullSecret: object, args: readonly string[] = []): Promise<CommandResult> {
  const folder = await temporaryFolder();
  const file = join(folder, 'pull-secret.json');
  await writeFile(file, JSON.stringify(pullSecret));
  return runInProcess(['check', '--data', join(folder, 'data'), '--pull-secret', file, ...args], {
    HOME: folder,
  });
}

describe('check', () => {
  test('warns of patterns that would be of no use once the cache runs', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'config.yml');
    await writeFile(
      file,
      "upstreams: { quay.io: {} }\ncleaner: { pins: ['quay.io/*a*a*a*a*b', 'quay.io/org/**'] }\nwarm: { images: ['quay.io/a:*1*1*1*1*1'] }\n",
    );
    const { stdout } = await runInProcess(['check', file, '--output', 'json'], { HOME: folder });
    expect(JSON.parse(stdout)).toMatchObject({
      warnings: expect.arrayContaining([
        expect.stringMatching(/^cleaner\.pins: invalid pattern "quay\.io\/\*a/),
        expect.stringMatching(/^warm\.images: invalid pattern "quay\.io\/a:\*1/),
      ]),
    });
    expect(stdout).not.toContain(String.raw`quay.io/org/**\"`);
  });

  test('lists each upstream with the kinds of its credentials', async () => {
    const { exitCode, stdout } = await runCheck(PULL_SECRET);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^ghcr\.io +https:\/\/ghcr\.io +cache +basic +all/m);
    expect(stdout).toMatch(/^quay\.io +https:\/\/quay\.io +cache +basic +team\/…/m);
    expect(stdout).toMatch(/^ +anonymous +all$/m);
    expect(stdout).toMatch(/^registry\.example\.com:5000 .* identity-token /m);
    expect(stdout).toMatch(/^token\.example\.com .* registry-token /m);
  });

  test.each([['text'], ['json']])('prints no secret as %s', async (output) => {
    const { stdout, stderr } = await runCheck(PULL_SECRET, ['--output', output]);
    expect(stdout).toContain('ghcr.io');
    for (const secret of [PASSWORD, BASIC, IDENTITY_TOKEN, REGISTRY_TOKEN, 'PRIVATE KEY']) {
      expect(stdout + stderr).not.toContain(secret);
    }
  });

  test('prints no secret of a pull secret that is wrong', async () => {
    const auths = { 'quay.io': { auth: `${BASIC}!`, password: PASSWORD }, 'ghcr.io': { auth: 17 } };
    const { exitCode, stdout, stderr } = await runCheck({ auths });
    expect(exitCode).toBe(78);
    expect(stderr).toContain('quay.io');
    expect(stderr).toContain('ghcr.io');
    for (const secret of [PASSWORD, BASIC]) expect(stdout + stderr).not.toContain(secret);
  });

  test('says what clients will see of the certificate', async () => {
    const { stdout } = await runCheck(PULL_SECRET);
    expect(stdout).toMatch(/^certificate +self-signed$/m);
    expect(stdout).toMatch(/^ +names +.*localhost/m);
  });

  test('is readable for programs, also when the configuration is wrong', async () => {
    const good = await runCheck(PULL_SECRET, ['--output', 'json']);
    expect(JSON.parse(good.stdout)).toMatchObject({ address: 'https://*:8443', isCertificateRefused: false });
    const bad = await runCheck(PULL_SECRET, ['--output', 'json', '--addr', 'nowhere']);
    expect(bad.exitCode).toBe(78);
    expect(JSON.parse(bad.stdout)).toMatchObject({
      problems: [{ message: expect.stringContaining('expected host:port') as string }],
    });
  });
});

describe('check of a content cache', () => {
  const CONFIG = `
http: {addr: ":5000", host: "https://cache.example.com/", secret: hunter2}
storage: {delete: {enabled: true}}
upstreams: {quay.io: {}}
middleware:
  registry:
    - name: downstream
      options:
        blobttl: 24h
        upstreams: [https://dtr.example.com, https://near.example.com, https://far.example.com]
`;

  async function runContentCache(...args: readonly string[]): Promise<CommandResult> {
    const folder = await temporaryFolder();
    const pullSecret = join(folder, 'pull-secret.json');
    await writeFile(pullSecret, JSON.stringify({ auths: { 'dtr.example.com': { auth: BASIC } } }));
    const config = join(folder, 'config.yml');
    await writeFile(config, CONFIG);
    const options = ['--data', join(folder, 'data'), '--pull-secret', pullSecret];
    return runInProcess(['check', config, ...options, ...args], { HOME: folder });
  }

  test('shows who authorizes, and which other caches are asked', async () => {
    const { exitCode, stdout } = await runContentCache();
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^reached at +https:\/\/cache\.example\.com$/m);
    expect(stdout).toMatch(/^data .*, blobs for 24 h since they were fetched$/m);
    expect(stdout).toMatch(
      /^login +dtr\.example\.com: with accounts of the upstream, whose word counts for 1 min$/m,
    );
    expect(stdout).toMatch(
      /^dtr\.example\.com \(default\) .* origin +each client's own +all +0 s +https:\/\/near\.example\.com$/m,
    );
    expect(stdout).toMatch(/^ +https:\/\/far\.example\.com$/m);
    expect(stdout).toMatch(/^quay\.io .* cache +anonymous +all +1 min$/m);
    expect(stdout).toContain('the credentials of the pull secret for dtr.example.com are not used for pulls');
  });

  test('shows them to programs, and no secret', async () => {
    const { stdout, stderr } = await runContentCache('--output', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      externalUrl: 'https://cache.example.com',
      authorizationTtlMs: 60_000,
      expiry: { blobTtlMs: 86_400_000, from: 'fetched' },
      upstreams: [
        {
          name: 'dtr.example.com',
          authorization: 'origin',
          caches: ['https://near.example.com', 'https://far.example.com'],
        },
        { name: 'quay.io', authorization: 'cache', caches: [] },
      ],
    });
    for (const secret of ['hunter2', PASSWORD, BASIC]) expect(stdout + stderr).not.toContain(secret);
  });
});

describe('check --store', () => {
  interface TestBlob {
    readonly named: string;
    readonly holds: string;
  }

  async function writeStore(blobs: readonly TestBlob[]): Promise<string> {
    const folder = await temporaryFolder();
    for (const { named, holds } of blobs) {
      const hex = digestOf(Buffer.from(named)).slice('sha256:'.length);
      const path = join(layoutOf(folder).blobs, 'sha256', hex.slice(0, 2), hex, 'data');
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, holds);
    }
    return folder;
  }

  function checkFolder(folder: string, ...args: readonly string[]): Promise<CommandResult> {
    return runInProcess(['check', '--data', folder, '--store', ...args], { HOME: folder });
  }

  async function checkStore(blobs: readonly TestBlob[]): Promise<CommandResult> {
    return checkFolder(await writeStore(blobs));
  }

  test('finds that every blob is what its digest says', async () => {
    const { exitCode, stdout } = await checkStore([
      { named: 'a', holds: 'a' },
      { named: 'b', holds: 'b' },
    ]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^store +2 blobs, 2 B: all intact$/m);
  });

  test('exits 1 and names each blob that is not', async () => {
    const { exitCode, stdout } = await checkStore([
      { named: 'a', holds: 'a' },
      { named: 'b', holds: 'tampered' },
    ]);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^store +2 blobs, 9 B: 1 bad$/m);
    expect(stdout).toContain(
      `${digestOf(Buffer.from('b'))}: its 8 B have the digest ${digestOf(Buffer.from('tampered'))}`,
    );
  });

  test('removes bad blobs with --repair, and only those', async () => {
    const folder = await writeStore([
      { named: 'a', holds: 'a' },
      { named: 'b', holds: 'tampered' },
    ]);
    const repaired = await checkFolder(folder, '--repair');
    expect(repaired.exitCode).toBe(0);
    expect(repaired.stdout).toMatch(/^store +2 blobs, 9 B: 1 bad, all removed$/m);
    expect(repaired.stdout).toMatch(/removed, the next pull fetches it again$/m);
    expect((await checkFolder(folder)).stdout).toMatch(/^store +1 blob, 1 B: all intact$/m);
  });

  test('removes nothing without --repair, and says what would', async () => {
    const folder = await writeStore([{ named: 'b', holds: 'tampered' }]);
    expect((await checkFolder(folder)).stdout).toContain('check --store --repair removes');
    const again = await checkFolder(folder, '--output', 'json');
    expect(again.exitCode).toBe(1);
    expect(JSON.parse(again.stdout)).toMatchObject({
      store: { blobs: 1, bad: [{ repaired: false }], deadLinks: { count: 0 } },
    });
  });

  test('mentions dead links, which are no fault', async () => {
    const folder = await writeStore([{ named: 'a', holds: 'a' }]);
    const link = 'quay.io/org/image/_manifests/tags/1.0/current/link';
    const path = join(layoutOf(folder).repositories, link);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, digestOf(Buffer.from('missing')));
    const { exitCode, stdout } = await checkFolder(folder);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^store +1 blob, 1 B: all intact$/m);
    expect(stdout).toMatch(/^dead links +1, harmless/m);
    expect(stdout).toContain(`${link}: its blob is not stored`);
  });
});
