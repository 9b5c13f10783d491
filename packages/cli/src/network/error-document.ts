import { quoteText } from '@registry-cache/oci';
import type { HttpAnswer } from './http-client.ts';

/** The first message of a registry's error document, or of another that has one. */
export function findErrorMessage({ body }: HttpAnswer, secrets: readonly string[]): string | undefined {
  try {
    const { errors, message, details } = JSON.parse(body) as Record<string, unknown>;
    const [first] = Array.isArray(errors) ? (errors as { message?: unknown }[]) : [];
    const found = [first?.message, message, details].find((text) => typeof text === 'string' && text !== '');
    return typeof found === 'string' ? quoteText(found, secrets) : undefined;
  } catch (err) {
    // What is no such document says nothing that a status does not.
    if (err instanceof SyntaxError || err instanceof TypeError) return undefined;
    throw err;
  }
}
