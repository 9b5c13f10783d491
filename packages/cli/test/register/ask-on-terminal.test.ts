import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { askOnTerminal, type Conversation } from '../../src/register/ask-on-terminal.ts';

function converse(): { conversation: Conversation; input: PassThrough; shown: () => Promise<string> } {
  const input = new PassThrough();
  const output = new PassThrough();
  const shown = (): Promise<string> => {
    output.end();
    return text(output);
  };
  return { conversation: { input, output, isInteractive: true }, input, shown };
}

test.each([
  ['typed one after the other', ['admin\r', 'pa ss-wörd\r']],
  ['typed ahead', ['admin\rpa ss-wörd\r']],
])('the user is echoed and the password is not, %s', async (_name, typed) => {
  const { conversation, input, shown } = converse();
  const asked = askOnTerminal('dtr.example.com', undefined, conversation);
  for (const keys of typed) input.write(keys);
  expect(await asked).toEqual({ username: 'admin', password: 'pa ss-wörd' });
  const output = await shown();
  expect(output).toContain('user at dtr.example.com: ');
  expect(output).toContain('admin');
  expect(output).toContain('password of admin: ');
  expect(output).not.toMatch(/pa ss|wörd/);
});

test('only the password is asked of a user who is known', async () => {
  const { conversation, input, shown } = converse();
  const asked = askOnTerminal('dtr.example.com', 'admin', conversation);
  input.write('secret\r');
  expect(await asked).toEqual({ username: 'admin', password: 'secret' });
  expect(await shown()).toBe('password of admin: \n');
});

test.each([
  ['Ctrl-C', '\u0003'],
  ['Ctrl-D', '\u0004'],
  ['no password', '\r'],
])('%s ends it', async (_name, typed) => {
  const { conversation, input } = converse();
  const asked = askOnTerminal('dtr.example.com', 'admin', conversation);
  input.write(typed);
  await expect(asked).rejects.toThrow('nothing was registered: expected a user and a password');
});
