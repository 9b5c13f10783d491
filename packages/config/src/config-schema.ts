import { z } from 'zod';
import { InvalidValueError } from './config-error.ts';

/** What may be left out, and else is what `parse` makes of it. An InvalidValueError becomes the schema's issue. */
export function value<T>(parse: (input: unknown) => T): z.ZodOptional<z.ZodType<T>> {
  return z
    .unknown()
    .transform((input, context): T => {
      try {
        return parse(input);
      } catch (err) {
        if (!(err instanceof InvalidValueError)) throw err;
        context.addIssue({ code: 'custom', message: err.message });
        return z.NEVER;
      }
    })
    .optional();
}

/** A map of settings that may be left out, and has no others. */
export function section<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
): z.ZodOptional<z.ZodObject<Shape, z.core.$strict>> {
  return z.strictObject(shape).optional();
}
