import { expect, test } from 'vitest';
import { fetchAnswer } from './support/client.ts';
import { startTestProxy } from './support/proxy.ts';
import { startWorker } from './support/worker.ts';

const AUTH = { realm: 'cache', users: { amy: 'hash-of-amy' } };
const PATH = '/v2/quay.io/org/image/manifests/v1';
const AMY = { authorization: `Basic ${Buffer.from('amy:right').toString('base64')}` };

test.each([['/v2/'], [PATH], ['/v2/ghcr.io/a/manifests/v1'], ['/']])('%s needs a login', async (path) => {
  const { port, socketPath } = await startTestProxy({ auth: AUTH }, { verify: async () => false });
  const worker = await startWorker(socketPath, (_request, response) => void response.end());
  for (const headers of [{}, AMY]) {
    const answer = await fetchAnswer(port, path, { headers });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Basic realm="cache"');
    expect(JSON.parse(answer.body.toString())).toMatchObject({ errors: [{ code: 'UNAUTHORIZED' }] });
  }
  expect(worker.requests).toEqual([]);
});

test('a pull of fifty requests costs one comparison, and each tells the worker its user', async () => {
  const compared: string[] = [];
  const verify = async (password: string): Promise<boolean> => {
    compared.push(password);
    return password === 'right';
  };
  const { port, socketPath } = await startTestProxy({ auth: AUTH }, { verify });
  const worker = await startWorker(socketPath, (_request, response) => void response.end());
  const pulls = Array.from({ length: 50 }, () => fetchAnswer(port, PATH, { headers: AMY }));
  expect(new Set((await Promise.all(pulls)).map(({ status }) => status))).toEqual(new Set([200]));
  expect(compared).toEqual(['right']);
  expect(worker.requests).toHaveLength(50);
  expect(new Set(worker.requests.map(({ headers }) => headers['x-registry-cache-user']))).toEqual(
    new Set(['amy']),
  );
  expect(worker.requests.some(({ headers }) => 'authorization' in headers)).toBe(false);
});

test('a reload forgets logins when users change, and only then', async () => {
  const compared: string[] = [];
  const verify = async (password: string, hash: string): Promise<boolean> => {
    compared.push(hash);
    return hash === 'hash-of-amy';
  };
  const { proxy, port, settings } = await startTestProxy({ auth: AUTH }, { verify });
  expect((await fetchAnswer(port, '/v2/', { headers: AMY })).status).toBe(200);
  proxy.reload({ ...settings, auth: { realm: 'cache', users: { amy: 'hash-of-amy' } } });
  expect((await fetchAnswer(port, '/v2/', { headers: AMY })).status).toBe(200);
  expect(compared).toHaveLength(1);
  proxy.reload({ ...settings, auth: { realm: 'cache', users: { amy: 'another' } } });
  expect((await fetchAnswer(port, '/v2/', { headers: AMY })).status).toBe(401);
  const { auth: _auth, ...open } = settings;
  proxy.reload(open);
  expect((await fetchAnswer(port, '/v2/')).status).toBe(200);
});

test('a user name that no header can carry reaches the worker encoded', async () => {
  const { port, socketPath } = await startTestProxy(
    { auth: { realm: 'cache', users: { 'j\u00f6rg%': 'hash' } } },
    { verify: async () => true },
  );
  const worker = await startWorker(socketPath, (_request, response) => void response.end());
  const authorization = `Basic ${Buffer.from('j\u00f6rg%:x').toString('base64')}`;
  expect((await fetchAnswer(port, PATH, { headers: { authorization } })).status).toBe(200);
  expect(decodeURIComponent(String(worker.requests[0]?.headers['x-registry-cache-user']))).toBe('j\u00f6rg%');
});

test('ten wrong passwords end the guessing of an address, with a time to come back', async () => {
  let compared = 0;
  const verify = async (): Promise<boolean> => {
    compared += 1;
    return false;
  };
  const { port, logLines } = await startTestProxy({ auth: AUTH }, { verify });
  const statuses: number[] = [];
  for (let guess = 0; guess < 12; guess += 1) {
    const authorization = `Basic ${Buffer.from(`amy:${guess}`).toString('base64')}`;
    const answer = await fetchAnswer(port, PATH, { headers: { authorization } });
    statuses.push(answer.status);
    if (answer.status === 429) expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  }
  expect(statuses).toEqual([...Array<number>(10).fill(401), 429, 429]);
  expect(compared).toBe(10);
  expect(logLines.filter(({ level }) => level === 'warn' || level === 'error')).toHaveLength(1);
});
