import type { StreamEvent } from "./stream.ts";

/** What the worker of a browser's stream tells each page. */
export type ToPage =
  | { readonly is: "open" | "lost" | "unauthorized" }
  | { readonly is: "event"; readonly event: StreamEvent };

/** `as` is who is signed in. */
export type FromPage = { readonly is: "follow"; readonly as: string } | { readonly is: "leave" };
