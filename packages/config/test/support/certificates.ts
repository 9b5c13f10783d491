import { createPublicKey } from 'node:crypto';
import { generate } from 'selfsigned';

export interface Pair {
  readonly cert: string;
  readonly key: string;
}

export interface IssueOptions {
  readonly ca?: Pair;
  readonly isCa?: boolean;
  readonly names?: readonly string[];
  /** Of an earlier certificate, as renewing it may keep it; a new one unless told. */
  readonly key?: string;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/** A certificate, self-signed or issued by `ca`, for a year from today unless told. */
export async function issue(commonName: string, options: IssueOptions = {}): Promise<Pair> {
  const { ca, isCa = false, names = [], key: keptKey, notBefore, notAfter } = options;
  const { cert, private: key } = await generate([{ name: 'commonName', value: commonName }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ...(keptKey === undefined ? {} : { keyPair: pairOf(keptKey) }),
    ...(notBefore === undefined ? {} : { notBeforeDate: notBefore }),
    ...(notAfter === undefined ? {} : { notAfterDate: notAfter }),
    ...(ca === undefined ? {} : { ca }),
    extensions: [
      { name: 'basicConstraints', cA: isCa },
      ...(names.length === 0
        ? []
        : [
            {
              name: 'subjectAltName' as const,
              altNames: names.map((value) => ({ type: 2 as const, value })),
            },
          ]),
    ],
  });
  return { cert: `${cert.trim()}\n`, key: `${key.trim()}\n` };
}

function pairOf(key: string): { privateKey: string; publicKey: string } {
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'pem' });
  return { privateKey: key, publicKey: String(publicKey) };
}

export interface Chain {
  readonly root: Pair;
  readonly intermediate: Pair;
  readonly leaf: Pair;
}

export async function issueChain(): Promise<Chain> {
  const root = await issue('root', { isCa: true });
  const intermediate = await issue('intermediate', { isCa: true, ca: root });
  const leaf = await issue('cache.example.com', { ca: intermediate, names: ['cache.example.com'] });
  return { root, intermediate, leaf };
}
