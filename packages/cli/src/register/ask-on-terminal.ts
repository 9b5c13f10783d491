import { EXIT_FAILURE } from '@registry-cache/runtime';
import { createInterface } from 'node:readline';
import { Writable, type Readable } from 'node:stream';
import { CommandFailure } from '../command-failure.ts';

/** Where questions are asked and answered. */
export interface Conversation {
  readonly input: Readable;
  readonly output: Writable;
  /** Whether somebody is there to answer. */
  readonly isInteractive: boolean;
}

export interface Answers {
  readonly username: string;
  readonly password: string;
}

/** Asks for a password, which is not echoed, and for a user where none is given. @throws {CommandFailure} at Ctrl-C or Ctrl-D */
export async function askOnTerminal(
  host: string,
  username: string | undefined,
  { input, output }: Conversation,
): Promise<Answers> {
  let isEchoed = true;
  // With a terminal, it is the line editor that echoes.
  const echo = new Writable({
    write(chunk: Uint8Array, _encoding, callback) {
      if (isEchoed) output.write(chunk);
      callback();
    },
  });
  const editor = createInterface({ input, output: echo, terminal: true });
  const asked = new Promise<Answers>((resolve) => {
    editor.once('close', () => resolve({ username: '', password: '' }));
    // By callbacks: what is typed ahead of a promise would be echoed.
    const askPassword = (name: string): void => {
      output.write(`password of ${name}: `);
      isEchoed = false;
      editor.question('', (password) => resolve({ username: name, password }));
    };
    if (username === undefined) editor.question(`user at ${host}: `, askPassword);
    else askPassword(username);
  });
  const answers = await asked;
  editor.close();
  output.write('\n');
  if (answers.username !== '' && answers.password !== '') return answers;
  throw new CommandFailure('nothing was registered: expected a user and a password', {
    exitCode: EXIT_FAILURE,
  });
}
