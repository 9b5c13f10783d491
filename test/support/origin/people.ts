import { tokenOf, type Login, type LoginClient } from '../client/login-client.ts';
import { addColdImage, type ColdImage, type ColdImageOptions } from '../image/cold-image.ts';
import type { Origin } from './start-origin.ts';

/** May pull what `addPrivateImage` adds. */
export const ALICE: Login = { user: 'alice', password: 'her: pässword' };
/** Alice, where she took another password. */
export const OTHER_ALICE: Login = { user: 'alice', password: 'not the same' };
/** Has an account like hers, and may pull nothing. */
export const BOB: Login = { user: 'bob', password: 'his own word' };
/** May pull what alice may. */
export const CAROL: Login = { user: 'carol', password: 'carol sings' };
/** May pull what alice may too, and stands in a cache's pull secret: no client's request may be made in its name. */
export const ROBOT: Login = { user: 'robot', password: 'nobody types this' };

export function addPeople(origin: Origin): void {
  for (const { user, password } of [ALICE, BOB, CAROL, ROBOT]) origin.addAccount(user, password);
}

/** A cold image that all of them but bob may pull. */
export function addPrivateImage(origin: Origin, seed: string, options: ColdImageOptions = {}): ColdImage {
  const image = addColdImage(origin, seed, options);
  for (const { user } of [ALICE, CAROL, ROBOT]) origin.allow(user, image.repository);
  return image;
}

/** A token that the origin itself gives out, as a client that pulls from it has. */
export async function getOriginToken(
  client: LoginClient,
  origin: Origin,
  repository: string,
): Promise<string> {
  const scope = `repository:${repository}:pull`;
  return tokenOf(await client.requestToken({ realm: `${origin.origin}/token`, service: 'upstream', scope }));
}
