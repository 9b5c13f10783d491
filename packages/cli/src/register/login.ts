import type { UpstreamSettings } from '@registry-cache/config';
import { text } from 'node:stream/consumers';
import { EXIT_FAILURE } from '@registry-cache/runtime';
import { CommandFailure } from '../command-failure.ts';
import { askOnTerminal, type Conversation } from './ask-on-terminal.ts';

/** Who registers, and where that is known from. */
export interface Login {
  readonly username: string;
  readonly password: string;
  /** `the credential of dtr.example.com in the pull secret`: never a password. */
  readonly source: string;
}

export interface LoginOptions {
  readonly origin: URL;
  /** The origin as it is configured, with its credentials; undefined where it is not. */
  readonly upstream: UpstreamSettings | undefined;
  readonly username: string | undefined;
  readonly passwordStdin: boolean;
  readonly conversation: Conversation;
}

/**
 * A user that the command line names, else the pull secret's, else whoever is at the terminal.
 *
 * @throws {CommandFailure} where there is none of them
 */
export async function findLogin(options: LoginOptions): Promise<Login> {
  const { origin, username, passwordStdin, conversation } = options;
  if (passwordStdin) {
    if (username === undefined) throw failure('--password-stdin needs --username: whose password is it?');
    const password = (await text(conversation.input)).replace(/\r?\n$/, '');
    if (password === '')
      throw failure('standard input has no password: expected one line for --password-stdin');
    return { username, password, source: `user ${username} with the password from standard input` };
  }
  const known = username === undefined ? ofPullSecret(options) : undefined;
  if (known !== undefined) return known;
  if (!conversation.isInteractive)
    throw failure(`there is no credential for ${origin.origin}: ${remedy(options)}`);
  const asked = await askOnTerminal(origin.host, username, conversation);
  return { ...asked, source: `user ${asked.username} with the password that was typed` };
}

function ofPullSecret({ upstream }: LoginOptions): Login | undefined {
  const entry = upstream?.credentials.find(({ repositoryPrefix }) => repositoryPrefix === '');
  if (upstream === undefined || entry?.credential.kind !== 'basic') return undefined;
  const { username, password } = entry.credential;
  // Docker's convention for an identity token, which is no password.
  if (username === '<token>') return undefined;
  return { username, password, source: `the credential of ${upstream.name} in the pull secret` };
}

function remedy({ username, upstream }: LoginOptions): string {
  if (username !== undefined) return `give the password of ${username} with --password-stdin`;
  const reason =
    upstream?.credentials.some(({ credential }) => credential.kind !== 'anonymous') === true
      ? 'what the pull secret has for it is no user and password for all of it'
      : 'the pull secret has none';
  return `${reason}, so give --username and --password-stdin`;
}

function failure(message: string): CommandFailure {
  return new CommandFailure(message, { exitCode: EXIT_FAILURE });
}
