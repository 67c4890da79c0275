import { z } from "zod";
import { valueAt } from "../rules/evaluate.ts";

// Members from another system's HTTP API, page by page.

const Path = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9_$@-]+(\.[A-Za-z0-9_$@-]+)*$/, "names joined by dots, like data.items");
const MAX_URL = 4_096;

/** Undefined where it leads nowhere. */
function resolvedUrl(text: string, base?: string): string | undefined {
  if (text.length > MAX_URL || !URL.canParse(text, base)) return undefined;
  const url = new URL(text, base);
  const isHttp = url.protocol === "http:" || url.protocol === "https:";
  return isHttp && url.username + url.password === "" ? url.href : undefined;
}

export const ImportRequest = z.strictObject({
  url: z
    .string()
    .refine(
      (text) => resolvedUrl(text) !== undefined,
      "is no http or https URL without a user and a password",
    ),
  items_path: Path.meta({ description: "Where in a page its members are, like records or data.items" }),
  next_path: Path.optional().meta({
    description: "Where in a page the address of the next one is, absolute or relative; missing at the end",
  }),
  headers: z
    .record(z.string().regex(/^[A-Za-z0-9-]{1,100}$/, "is no name of a header"), z.string().max(4_096))
    .optional(),
});
export type ImportRequest = z.infer<typeof ImportRequest>;

export interface ImportPage {
  readonly items: readonly unknown[];
  /** Undefined after the last. */
  readonly next: string | undefined;
}

/** Why there is no page in it, where there is none. */
export function pageIn(
  body: unknown,
  { items_path, next_path }: Pick<ImportRequest, "items_path" | "next_path">,
  url: string,
): ImportPage | { readonly wrong: string } {
  if (typeof body !== "object" || body === null) return { wrong: "page_is_no_json" };
  const facts = body as Record<string, unknown>;
  const items = valueAt(facts, items_path);
  if (!Array.isArray(items)) return { wrong: "page_has_no_items" };
  const given = next_path === undefined ? undefined : valueAt(facts, next_path);
  if (given === undefined || given === null || given === "") return { items, next: undefined };
  const next = typeof given === "string" ? resolvedUrl(given, url) : undefined;
  if (next === undefined) return { wrong: "next_page_is_no_url" };
  // The headers of the import may hold a secret, which is for the system that it was given for alone.
  if (new URL(next).origin !== new URL(url).origin) return { wrong: "next_page_is_elsewhere" };
  return next === url ? { wrong: "next_page_is_the_same" } : { items, next };
}

/** Notices pages that lead back to an earlier one, however many there are. */
export interface Circle {
  isClosedBy(next: string): boolean;
  /** The page before it was taken. */
  follow(next: string): void;
}

/** Remembers one address at a time: a later one after twice as many pages, so that it lies in the circle before long. */
export function watchForCircle(): Circle {
  let remembered: string | undefined;
  let followed = 0;
  let rememberAt = 1;
  return {
    isClosedBy: (next) => next === remembered,
    follow(next) {
      followed += 1;
      if (followed < rememberAt) return;
      remembered = next;
      rememberAt *= 2;
    },
  };
}
