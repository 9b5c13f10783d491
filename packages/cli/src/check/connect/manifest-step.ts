import type { Credential, CredentialEntry } from '@registry-cache/config';
import { cleanText, findRegistryChallenge, MANIFEST_MEDIA_TYPES } from '@registry-cache/oci';
import { authorityOf } from '../../network/endpoint.ts';
import type { HttpAnswer, Send } from '../../network/http-client.ts';
import { authorize, type Authorized } from './authorize.ts';
import { describeManifest, type KnownManifest } from './known-manifest.ts';
import { failed, ok, skipped, warning, type Step } from './step.ts';
import type { Target } from './target.ts';

/** One HEAD for each image that was named, else for the likeliest that is known. @throws {NetworkFailure} */
export async function manifestSteps(target: Target, send: Send): Promise<Step[]> {
  const { kind, upstream, manifests } = target;
  if (kind === 'neighbour') return [skipped('manifest', 'manifests come from the origin')];
  const [first] = manifests;
  if (first === undefined) {
    const example = `${upstream.name}/<repository>:<tag>`;
    return [skipped('manifest', `no repository of it is known yet: name one with --image ${example}`)];
  }
  const named = manifests.filter(({ source }) => source === 'image');
  const steps: Step[] = [];
  for (const manifest of named.length > 0 ? named : [first]) steps.push(await head(manifest, target, send));
  return steps;
}

async function head(manifest: KnownManifest, target: Target, send: Send): Promise<Step> {
  const { endpoint, upstream, credentials } = target;
  const url = new URL(`/v2/${manifest.name}/manifests/${manifest.reference}`, endpoint.url);
  const ask = (authorization: Record<string, string>): Promise<HttpAnswer> =>
    send({ method: 'HEAD', url, headers: { accept: MANIFEST_MEDIA_TYPES.join(', '), ...authorization } });

  let answer = await ask({});
  const challenge =
    answer.status === 401 ? findRegistryChallenge(answer.headers['www-authenticate']) : undefined;
  const credential = credentialOf(credentials, manifest.name);
  if (challenge !== undefined) {
    const authorized = await authorize(challenge, {
      send,
      credential,
      scope: `repository:${manifest.name}:pull`,
      registry: endpoint.url,
      tokenHosts: upstream.tokenHosts,
      tokenHostsSetting: `upstreams.${upstream.name}.tokenhosts`,
    });
    if (authorized.kind !== 'header') return unauthorized(manifest, authorized, target);
    if (authorized.authorization !== undefined)
      answer = await ask({ authorization: authorized.authorization });
  }
  return judge(answer, manifest, target);
}

function judge(answer: HttpAnswer, manifest: KnownManifest, target: Target): Step {
  const { status, headers } = answer;
  const what = describeManifest(manifest);
  const remaining = headers['ratelimit-remaining'];
  if (status === 200) {
    const digest = headers['docker-content-digest'];
    const found = typeof digest === 'string' ? cleanText(digest) : 'found';
    return ok(
      'manifest',
      `${what}: ${found}${typeof remaining === 'string' ? `, ratelimit-remaining ${cleanText(remaining)}` : ''}`,
    );
  }
  const message = `${what}: ${authorityOf(target.endpoint.url)} answered ${status}`;
  if (status === 401 || status === 403) return denied(message, manifest, target);
  if (status === 404) return missing(message, manifest, target);
  if (status === 429)
    return warning(
      'manifest',
      `${message}: too many requests`,
      'pulls are limited too: give the pull secret an account there',
    );
  return failed('manifest', `${message}, expected 200`);
}

function unauthorized(
  manifest: KnownManifest,
  refused: Exclude<Authorized, { kind: 'header' }>,
  target: Target,
): Step {
  const message = `${describeManifest(manifest)}: ${refused.message}`;
  if (refused.kind === 'refused') return denied(message, manifest, target);
  return failed('manifest', message, refused.advice);
}

function denied(message: string, manifest: KnownManifest, { upstream, credentials }: Target): Step {
  // Only a prefix of names is known of it, and that may be no repository.
  if (manifest.source === 'pull-secret')
    return skipped('manifest', `${message}: name a repository with --image`);
  const isAnonymous = credentialOf(credentials, manifest.name).kind === 'anonymous';
  if (upstream.authorization === 'origin') {
    const reason = isAnonymous ? 'to nobody in particular' : 'to the credential of the pull secret';
    return skipped('manifest', `${message} ${reason}; pulls bring the credential of each client`);
  }
  const advice = isAnonymous
    ? `give the pull secret a credential for ${upstream.name}/${manifest.name}`
    : `the credential in the pull secret may not pull ${upstream.name}/${manifest.name}: have it allowed there`;
  return failed('manifest', message, advice);
}

function missing(message: string, { source }: KnownManifest, { upstream }: Target): Step {
  switch (source) {
    case 'image':
      return failed('manifest', message, `check the name of the image at ${upstream.name}`);
    case 'store':
      return ok('manifest', `${message}: it is gone there, and the credential was accepted`);
    case 'pull-secret':
      return skipped('manifest', `${message}: name a repository with --image`);
  }
}

function credentialOf(entries: readonly CredentialEntry[], name: string): Credential {
  const [longest] = entries
    .filter(
      ({ repositoryPrefix: prefix }) => prefix === '' || prefix === name || name.startsWith(`${prefix}/`),
    )
    .toSorted((one, other) => other.repositoryPrefix.length - one.repositoryPrefix.length);
  return longest?.credential ?? { kind: 'anonymous' };
}
