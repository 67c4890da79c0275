// What the server refused, by the path of the field that it is about.
import { type InputError, Problem } from "../api/client.ts";

export interface FieldErrors {
  /** Of this very field, as one text. */
  at(path: string): string | undefined;
  /** Of the field and of all that is in it. */
  within(path: string): string | undefined;
  has(path: string): boolean;
}

export const below = (path: string, name: string | number): string =>
  path === "" ? `${name}` : `${path}.${name}`;

function fieldErrors(errors: readonly InputError[]): FieldErrors {
  const inside = (path: string) =>
    errors.filter((one) => one.path === path || one.path.startsWith(`${path}.`));
  return {
    at: (path) => sentences(errors.filter((one) => one.path === path).map(({ message }) => message)),
    within: (path) =>
      sentences(
        inside(path).map((one) =>
          one.path === path ? one.message : `${one.path.slice(path.length + 1)} ${one.message}`,
        ),
      ),
    has: (path) => inside(path).length > 0,
  };
}

export const errorsOf = (problem: unknown): FieldErrors =>
  fieldErrors(problem instanceof Problem ? problem.errors : []);

const sentences = (messages: readonly string[]): string | undefined =>
  messages.length === 0 ? undefined : messages.join("; ");
