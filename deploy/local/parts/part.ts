import type { Command } from "../children/child.ts";

/** What the yard needs from others: where it will listen, and how it is started. */
export interface Part {
  readonly url: string;
  readonly port: number;
  readonly command: Command;
}
