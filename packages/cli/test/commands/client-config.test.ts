import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createCertificateAuthority, type KeyPair } from '../../../../test/support/certificates.ts';
import { runInProcess } from '../support/run-in-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

// What clients must be given to trust the cache, as its own certificate tells.

async function printedFor({ certificate, key }: KeyPair): Promise<string> {
  const folder = await temporaryFolder();
  const pair = join(folder, 'certs.pem');
  await writeFile(pair, `${certificate}\n${key}`);
  const { exitCode, stdout, stderr } = await runInProcess(
    ['client-config', 'podman', '--host', 'cachehost:8443'],
    { HOME: folder, REGISTRYDIR: folder, REGISTRY_HTTP_TLS_CERTIFICATE: pair },
  );
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout;
}

test('a certificate that nobody else has signed is given to clients, and its key is not', async () => {
  const { certificate, key } = await createCertificateAuthority();
  const printed = await printedFor({ certificate, key });

  expect(printed).toContain('# /etc/containers/certs.d/cachehost:8443/ca.crt');
  expect(printed).toContain(certificate.trim());
  expect(printed).not.toContain('PRIVATE KEY');
});

test('a certificate of an authority leaves trust to whoever has set that up', async () => {
  const authority = await createCertificateAuthority();

  expect(await printedFor(await authority.issue())).not.toContain('certs.d');
});
