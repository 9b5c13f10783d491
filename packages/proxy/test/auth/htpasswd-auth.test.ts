import { hash } from '@node-rs/bcrypt';
import { describe, expect, test } from 'vitest';
import { createHtpasswdAuth, type Auth } from '../../src/auth/htpasswd-auth.ts';
import { collectingLog } from '../support/proxy.ts';

const ADDRESS = '10.1.2.3';
const UNAUTHORIZED = expect.objectContaining({ code: 'UNAUTHORIZED' });

test('a user of htpasswd -B logs in', async () => {
  const users = { 'j\u00f6rg': await hash('p:\u00e4ss:word', { cost: 4, version: '2y' }) };
  const auth = createHtpasswdAuth({ realm: 'cache', users }, collectingLog());
  expect(await auth.authenticate(basic('j\u00f6rg', 'p:\u00e4ss:word'), ADDRESS)).toBe('j\u00f6rg');
  await expect(auth.authenticate(basic('j\u00f6rg', 'p'), ADDRESS)).rejects.toThrow(UNAUTHORIZED);
  await expect(auth.authenticate(basic('nobody', 'p:\u00e4ss:word'), ADDRESS)).rejects.toThrow(UNAUTHORIZED);
});

test('fifty logins at once cost one comparison, and later ones none', async () => {
  const { auth, compared } = countingAuth();
  const users = await Promise.all(
    Array.from({ length: 50 }, () => auth.authenticate(basic('amy', 'right'), ADDRESS)),
  );
  expect(new Set(users)).toEqual(new Set(['amy']));
  expect(await auth.authenticate(basic('amy', 'right'), ADDRESS)).toBe('amy');
  expect(compared).toEqual(['right hash-of-amy']);
});

test('a login is compared anew ten minutes after its last use', async () => {
  let nowMs = 1000;
  const { auth, compared } = countingAuth(() => nowMs);
  await auth.authenticate(basic('amy', 'right'), ADDRESS);
  nowMs += 9 * 60_000;
  await auth.authenticate(basic('amy', 'right'), ADDRESS);
  nowMs += 9 * 60_000;
  await auth.authenticate(basic('amy', 'right'), ADDRESS);
  expect(compared).toHaveLength(1);
  nowMs += 11 * 60_000;
  await auth.authenticate(basic('amy', 'right'), ADDRESS);
  expect(compared).toHaveLength(2);
});

test('a wrong password does not pass beside a right one', async () => {
  const { auth, compared } = countingAuth();
  const answers = await Promise.allSettled([
    auth.authenticate(basic('amy', 'right'), ADDRESS),
    auth.authenticate(basic('amy', 'wrong'), ADDRESS),
    auth.authenticate(basic('amy', 'wrong'), ADDRESS),
  ]);
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
  await expect(auth.authenticate(basic('amy', 'wrong'), ADDRESS)).rejects.toThrow(UNAUTHORIZED);
  expect(compared).toHaveLength(2);
});

test('a wrong password that is sent again and again costs one comparison in half a minute', async () => {
  let nowMs = 1;
  const { auth, compared } = countingAuth(() => nowMs);
  for (nowMs = 1; nowMs < 29_000; nowMs += 1000) {
    await expect(auth.authenticate(basic('amy', 'old'), ADDRESS)).rejects.toThrow(UNAUTHORIZED);
  }
  expect(compared).toHaveLength(1);
  nowMs = 31_000;
  await expect(auth.authenticate(basic('amy', 'old'), ADDRESS)).rejects.toThrow(UNAUTHORIZED);
  expect(compared).toHaveLength(2);
});

test('an unknown user costs a comparison, and does not pass by the password it is compared with', async () => {
  const { auth, compared } = countingAuth();
  await expect(auth.authenticate(basic('bob', 'right'), ADDRESS)).rejects.toThrow(UNAUTHORIZED);
  expect(compared).toEqual(['right hash-of-amy']);
});

test('users cannot be told apart by moving the colon', async () => {
  const { auth } = countingAuth();
  await auth.authenticate(basic('amy', 'right'), ADDRESS);
  await expect(auth.authenticate(basic('am', 'y:right'), ADDRESS)).rejects.toThrow(UNAUTHORIZED);
});

test('names that every object has are no users', async () => {
  const { auth } = countingAuth();
  await expect(auth.authenticate(basic('constructor', 'right'), ADDRESS)).rejects.toThrow(UNAUTHORIZED);
});

test('at most two comparisons run at once', async () => {
  let running = 0;
  let most = 0;
  const auth = createHtpasswdAuth(
    { realm: 'cache', users: { amy: 'hash' } },
    {
      ...collectingLog(),
      verify: async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        return false;
      },
    },
  );
  const guesses = Array.from({ length: 20 }, (_, index) =>
    auth.authenticate(basic('amy', `guess ${index}`), ADDRESS),
  );
  await Promise.allSettled(guesses);
  expect(most).toBe(2);
});

describe('an address whose logins fail ten times', () => {
  const TOO_MANY = expect.objectContaining({ code: 'TOOMANYREQUESTS', retryAfterSeconds: 60 });

  test('gets no further comparison, not even of a right login, but another address does', async () => {
    const { auth, compared } = countingAuth();
    await guess(auth, 10);
    await expect(auth.authenticate(basic('amy', 'another guess'), ADDRESS)).rejects.toThrow(TOO_MANY);
    await expect(auth.authenticate(basic('bob', 'right'), ADDRESS)).rejects.toThrow(TOO_MANY);
    await expect(auth.authenticate(basic('amy', 'right'), ADDRESS)).rejects.toThrow(TOO_MANY);
    expect(compared).toHaveLength(10);
    expect(await auth.authenticate(basic('amy', 'right'), '10.1.2.4')).toBe('amy');
    // From now on it is remembered, and the whole site behind the first address may use it.
    expect(await auth.authenticate(basic('amy', 'right'), ADDRESS)).toBe('amy');
  });

  test('goes on with logins that are remembered', async () => {
    const { auth } = countingAuth();
    await auth.authenticate(basic('amy', 'right'), ADDRESS);
    await guess(auth, 20);
    expect(await auth.authenticate(basic('amy', 'right'), ADDRESS)).toBe('amy');
  });

  test('goes on with them for as long as the guessing does', async () => {
    let nowMs = 1000;
    const { auth } = countingAuth(() => nowMs);
    await auth.authenticate(basic('amy', 'right'), ADDRESS);
    for (let minute = 0; minute < 15; minute += 1) {
      await guess(auth, 10);
      nowMs += 30_000;
      expect(await auth.authenticate(basic('amy', 'right'), ADDRESS)).toBe('amy');
      nowMs += 30_001;
    }
  });

  test('is let in again a minute after its last failure', async () => {
    let nowMs = 1;
    const { auth } = countingAuth(() => nowMs);
    await guess(auth, 9);
    nowMs = 50_000;
    await guess(auth, 2);
    nowMs = 109_000;
    await expect(auth.authenticate(basic('amy', 'right'), ADDRESS)).rejects.toMatchObject({
      code: 'TOOMANYREQUESTS',
      retryAfterSeconds: 1,
    });
    nowMs = 110_001;
    expect(await auth.authenticate(basic('amy', 'right'), ADDRESS)).toBe('amy');
  });

  test('gets ten comparisons for a thousand guesses at once', async () => {
    const { auth, compared } = countingAuth();
    await guess(auth, 1000);
    // Two run at once, and the second of them may be one too many.
    expect(compared.length).toBeLessThanOrEqual(11);
  });

  test('is logged once, without a password', async () => {
    const { auth, logLines } = countingAuth();
    await guess(auth, 30);
    expect(logLines).toEqual([
      expect.objectContaining({ level: 'warn', address: ADDRESS, failures: 10, blockedMs: 60_000 }),
    ]);
    expect(JSON.stringify(logLines)).not.toContain('guess ');
  });

  test('takes all of its network with it where it is an IPv6 address', async () => {
    const { auth } = countingAuth();
    await guess(auth, 10, (index) => `2001:db8:0:1:${index}::1`);
    await expect(auth.authenticate(basic('amy', 'right'), '2001:db8::1:a:b:c:d')).rejects.toThrow(TOO_MANY);
    expect(await auth.authenticate(basic('amy', 'right'), '2001:db8:0:2::1')).toBe('amy');
  });

  test('does not make an equal login of another address fail that joined its own', async () => {
    const { auth, compared } = countingAuth();
    const guesses = guess(auth, 12);
    const joined = [ADDRESS, '10.9.9.9'].map((address) => auth.authenticate(basic('amy', 'right'), address));
    const [own, other] = await Promise.allSettled(joined);
    await guesses;
    expect(own).toMatchObject({ status: 'rejected', reason: { code: 'TOOMANYREQUESTS' } });
    expect(other).toMatchObject({ status: 'fulfilled', value: 'amy' });
    expect(compared.filter((each) => each.startsWith('right'))).toHaveLength(1);
  });

  test('a repeated guess is not counted again', async () => {
    const { auth } = countingAuth();
    for (let count = 0; count < 50; count += 1) {
      await expect(auth.authenticate(basic('amy', 'old'), ADDRESS)).rejects.toThrow(UNAUTHORIZED);
    }
    expect(await auth.authenticate(basic('amy', 'right'), ADDRESS)).toBe('amy');
  });

  async function guess(auth: Auth, times: number, addressOf = (_index: number) => ADDRESS): Promise<void> {
    const guesses = Array.from({ length: times }, (_, index) =>
      auth.authenticate(basic('amy', `guess ${index}`), addressOf(index)),
    );
    const results = await Promise.allSettled(guesses);
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
  }
});

describe('no credentials', () => {
  test.each([
    ['nothing', undefined],
    ['an empty header', ''],
    ['another scheme', 'Bearer abc'],
    ['no encoding', 'Basic amy:right'],
    ['no colon', `Basic ${Buffer.from('amy').toString('base64')}`],
  ])('%s', async (_name, authorization) => {
    const { auth, compared } = countingAuth();
    await expect(auth.authenticate(authorization, ADDRESS)).rejects.toThrow(UNAUTHORIZED);
    expect(compared).toEqual([]);
  });
});

test('the challenge quotes its realm', () => {
  const auth = createHtpasswdAuth({ realm: 'the "cache"\r\nx: y \u00e4', users: {} }, collectingLog());
  expect(auth.challenge).toBe('Basic realm="the \\"cache\\"??x: y ?"');
});

function countingAuth(now: () => number = () => 1000): {
  auth: Auth;
  compared: string[];
  logLines: readonly Record<string, unknown>[];
} {
  const compared: string[] = [];
  const verify = async (password: string, hashText: string): Promise<boolean> => {
    compared.push(`${password} ${hashText}`);
    return password === 'right';
  };
  const { log, logLines } = collectingLog();
  const settings = { realm: 'cache', users: { amy: 'hash-of-amy' } };
  return { auth: createHtpasswdAuth(settings, { verify, now, log }), compared, logLines };
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
