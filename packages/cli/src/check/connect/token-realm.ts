import { isTrustedRealm } from '@registry-cache/oci';
import { describeUrl } from '../../network/describe-url.ts';

export interface RealmOptions {
  readonly registry: URL;
  /** Hosts besides the registry's own domain that may be sent its credentials. */
  readonly tokenHosts: readonly string[];
  /** Whether a credential would be sent. */
  readonly isSecret: boolean;
  /** Names the upstream's setting of further token hosts. */
  readonly tokenHostsSetting: string;
}

/** A token endpoint that may be asked, or why pulls do not ask it. The rules are those of the workers. */
export type JudgedRealm =
  | { readonly kind: 'trusted'; readonly url: URL }
  | { readonly kind: 'refused'; readonly message: string; readonly advice?: string };

export async function judgeRealm(realm: string, options: RealmOptions): Promise<JudgedRealm> {
  const { registry, tokenHosts, isSecret, tokenHostsSetting } = options;
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    return { kind: 'refused', message: 'its token endpoint is no URL of http or https without userinfo' };
  }
  if (registry.protocol === 'https:' && url.protocol === 'http:') {
    return {
      kind: 'refused',
      message: `its token endpoint ${describeUrl(url)} has no TLS: nothing is sent there`,
    };
  }
  if (isSecret && !(await isTrustedRealm(url, registry, tokenHosts))) {
    return {
      kind: 'refused',
      message: `its token endpoint ${describeUrl(url)} is not of its domain: no credential is sent there`,
      advice: `if ${url.host} is its token endpoint, add it to ${tokenHostsSetting}`,
    };
  }
  return { kind: 'trusted', url };
}
