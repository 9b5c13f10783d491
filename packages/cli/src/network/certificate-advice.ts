import type { X509Certificate } from 'node:crypto';
import { distinguishedName, type CertificateFault, type MissingAuthority } from './certificate-faults.ts';
import { authorityOf, hostOf, type Endpoint } from './endpoint.ts';

export interface ExplainedFaults {
  /** Every fault, in one line. */
  readonly message: string;
  /** What to do about all of them, in one line. */
  readonly advice: string;
}

export interface ExplainOptions {
  readonly chain: readonly X509Certificate[];
  readonly url: URL;
  readonly endpoint: Endpoint;
}

/** Says which certificate is wrong in which way, and what to do. */
export function explainFaults(
  faults: readonly CertificateFault[],
  { chain, url, endpoint }: ExplainOptions,
): ExplainedFaults {
  const subject = distinguishedName(chain[0]?.subject);
  return {
    message: `the certificate ${subject} of ${authorityOf(url)} is not accepted: ${faults.map(describeFault).join('; ')}`,
    advice: faults.map((fault) => adviseOn(fault, url, endpoint)).join('; '),
  };
}

/** Of a validity: `2026-11-21` */
export function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function describeFault(fault: CertificateFault): string {
  switch (fault.kind) {
    case 'expired':
      return `${fault.subject} expired on ${day(fault.notAfter)}`;
    case 'not-yet-valid':
      return `${fault.subject} is not valid before ${day(fault.notBefore)}`;
    case 'wrong-name':
      return `it is for ${fault.names.join(', ') || 'no host at all'}, not for ${fault.host}`;
    case 'self-signed':
      return 'it is self-signed';
    case 'missing-ca':
      return fault.isSent
        ? `the certificate authority ${fault.issuer} that it comes with is not trusted`
        : `the certificate authority ${fault.issuer} that issued ${fault.subject} is not known`;
    case 'refused':
      return fault.code;
  }
}

function adviseOn(fault: CertificateFault, url: URL, endpoint: Endpoint): string {
  const host = hostOf(url);
  const { urlSetting } = endpoint;
  switch (fault.kind) {
    case 'expired':
      return `have the certificate of ${host} renewed, or set the clock here if it is wrong`;
    case 'not-yet-valid':
      return `set the clock here, or that of whoever made the certificate of ${host}`;
    case 'wrong-name':
      return `write ${urlSetting} with a name that the certificate is for, or have one made that names ${host}`;
    case 'self-signed':
      return `this cache does not trust ${host}: add its certificate ${fault.subject} to ${placeOf(endpoint)}`;
    case 'missing-ca':
      return adviseOnAuthority(fault, host, placeOf(endpoint));
    case 'refused':
      return `have the certificate of ${host} made anew`;
  }
}

function adviseOnAuthority(
  { issuer, isSent, isAlone, hasNamesake }: MissingAuthority,
  host: string,
  place: string,
): string {
  const add = `this cache does not trust ${host}: add the certificate of ${issuer} to ${place}`;
  if (hasNamesake) return `${add}; the one of that name there has another key, perhaps an older one`;
  if (isSent || !isAlone) return add;
  return `${add}; if that is an intermediate authority, have ${host} send it after its own certificate`;
}

function placeOf({ casSetting, caSource }: Endpoint): string {
  return caSource === undefined ? casSetting : `${casSetting} (${caSource})`;
}
