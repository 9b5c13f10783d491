import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findRegistryChallenge, parseChallenges } from '../src/registry-challenge.ts';

function parsed(header: string | string[]): unknown[] {
  return parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
}

describe('parseChallenges', () => {
  const cases: [name: string, header: string | string[], expected: unknown[]][] = [
    [
      'a registry’s usual challenge',
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull"',
      [
        [
          'bearer',
          {
            realm: 'https://auth.docker.io/token',
            service: 'registry.docker.io',
            scope: 'repository:a/b:pull',
          },
        ],
      ],
    ],
    [
      'commas and equals signs inside quotes',
      'Bearer realm="https://a/t?x=1,2", scope="repository:a:pull,push"',
      [['bearer', { realm: 'https://a/t?x=1,2', scope: 'repository:a:pull,push' }]],
    ],
    ['escapes', 'Basic realm="a \\"b\\" \\\\ c"', [['basic', { realm: 'a "b" \\ c' }]]],
    ['any case', 'BEARER Realm="https://a", SERVICE="s"', [['bearer', { realm: 'https://a', service: 's' }]]],
    [
      'several challenges in one header',
      'Negotiate, Basic realm="r", charset="UTF-8", Bearer realm="https://a"',
      [
        ['negotiate', {}],
        ['basic', { realm: 'r', charset: 'UTF-8' }],
        ['bearer', { realm: 'https://a' }],
      ],
    ],
    [
      'several headers',
      ['Basic realm="r"', 'Bearer realm="https://a"'],
      [
        ['basic', { realm: 'r' }],
        ['bearer', { realm: 'https://a' }],
      ],
    ],
    [
      'token68 beside parameters',
      'Negotiate YWJj==, Basic realm=r',
      [
        ['negotiate', {}],
        ['basic', { realm: 'r' }],
      ],
    ],
    [
      'values without quotes',
      'Bearer realm=https://a/t,service=s',
      [['bearer', { realm: 'https://a/t', service: 's' }]],
    ],
    [
      'space around equals',
      'Bearer realm = "https://a" , service= s',
      [['bearer', { realm: 'https://a', service: 's' }]],
    ],
    [
      'the first of a repeated parameter',
      'Bearer realm="https://a", realm="https://evil"',
      [['bearer', { realm: 'https://a' }]],
    ],
    [
      'what comes before an open quote',
      'Bearer realm="https://a", service="s',
      [['bearer', { realm: 'https://a' }]],
    ],
    ['nothing in a parameter without a scheme', 'realm="https://a"', []],
    ['nothing in an empty header', '', []],
  ];
  it.each(cases)('reads %s', (_, header, expected) => {
    expect(parsed(header)).toEqual(expected);
  });

  it('reads back every quoted string', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (realm, service) => {
        const quoted = (value: string): string => `"${value.replaceAll(/[\\"]/g, String.raw`\$&`)}"`;
        expect(parsed(`Basic realm="x", Bearer realm=${quoted(realm)},service=${quoted(service)}`)).toEqual([
          ['basic', { realm: 'x' }],
          ['bearer', { realm, service }],
        ]);
      }),
    );
  });

  it('ends on any text without an error', () => {
    const fragments = fc.constantFrom(
      'Bearer',
      'realm',
      '=',
      '"',
      '\\',
      ',',
      ' ',
      '\t',
      'a',
      '==',
      '\u0000',
      'é',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fragments).map((parts) => parts.join('')),
        ),
        (header) => {
          for (const { scheme } of parseChallenges(header)) expect(scheme).not.toBe('');
        },
      ),
    );
  });

  it('takes linear time on a header made to take long', () => {
    const header = `Bearer ${'a'.repeat(200_000)}"${'\\'.repeat(200_000)}`;
    expect(parseChallenges(header)).toHaveLength(2);
  });
});

describe('findRegistryChallenge', () => {
  it('takes Bearer before Basic', () => {
    expect(findRegistryChallenge('Basic realm="r", Bearer realm="https://a"')).toEqual({
      kind: 'bearer',
      realm: 'https://a',
      service: undefined,
    });
  });

  it('takes Basic where Bearer names no realm', () => {
    expect(findRegistryChallenge(['Bearer', 'Basic realm="r"'])).toEqual({ kind: 'basic' });
  });

  it('finds none in other schemes', () => {
    expect(findRegistryChallenge('Negotiate')).toBeUndefined();
    expect(findRegistryChallenge(undefined)).toBeUndefined();
  });
});
