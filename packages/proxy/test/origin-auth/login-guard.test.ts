import { findUpstreamName } from '@registry-cache/oci';
import { expect, test } from 'vitest';
import { createLoginGuard, type LoginGuard, type UpstreamLogin } from '../../src/origin-auth/login-guard.ts';
import { collectingLog } from '../support/proxy.ts';

const HERE = '192.0.2.1';

test('ten wrong passwords end the guessing of an address for a minute, at every upstream', () => {
  const { guard, wait } = startGuard();
  for (let guess = 0; guess < 10; guess += 1) {
    guard.admit(login(`${guess}`), HERE);
    guard.refused(login(`${guess}`), HERE);
  }
  expect(() => guard.admit(login('next'), HERE)).toThrow(
    expect.objectContaining({ code: 'TOOMANYREQUESTS', retryAfterSeconds: 60 }),
  );
  expect(() => guard.admit(login('next', 'docker.io'), HERE)).toThrow();
  guard.admit(login('next'), '192.0.2.2');
  wait(60_000);
  guard.admit(login('next'), HERE);
});

test('one old password that is tried again and again is one guess', () => {
  const { guard } = startGuard();
  for (let time = 0; time < 50; time += 1) guard.refused(login('old'), HERE);
  guard.admit(login('another'), HERE);
  expect(guard.isRefused(login('old'))).toBe(true);
  expect(guard.isRefused(login('another'))).toBe(false);
});

test('who is known to be right goes on while somebody else at the same address guesses', () => {
  const { guard, wait } = startGuard();
  guard.accepted(login('right'));
  for (let guess = 0; guess < 10; guess += 1) guard.refused(login(`${guess}`), HERE);
  guard.admit(login('right'), HERE);
  expect(() => guard.admit(login('right', 'docker.io'), HERE)).toThrow();
  wait(600_000);
  guard.accepted(login('right'));
  expect(guard.isKnown(login('right'))).toBe(true);
  wait(600_001);
  expect(guard.isKnown(login('right'))).toBe(false);
});

test('logins that were right lately are no guesses when an upstream refuses them all for a moment', () => {
  const { guard } = startGuard();
  const site = Array.from({ length: 20 }, (_, person) => login(`of person ${person}`));
  for (const each of site) guard.accepted(each);
  for (const each of site) guard.refused(each, HERE);
  for (const each of site) {
    guard.admit(each, HERE);
    expect(guard.isRefused(each)).toBe(false);
  }
  guard.admit(login('of somebody new'), HERE);
});

function startGuard(): { guard: LoginGuard; wait: (ms: number) => void } {
  let nowMs = 1;
  const { log } = collectingLog();
  return {
    guard: createLoginGuard({ log, now: () => nowMs }),
    wait: (ms) => void (nowMs += ms),
  };
}

function login(password: string, name = 'quay.io'): UpstreamLogin {
  const upstream = findUpstreamName(name);
  if (upstream === undefined) throw new Error(`${name} is no upstream name`);
  return { upstream, authorization: `Basic ${password}` };
}
