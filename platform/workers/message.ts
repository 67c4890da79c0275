// Reads what was broadcast. Whatever else came, such as from another release, is nothing that could end a process.
import type { z } from "zod";

export function readMessage<Schema extends z.ZodType>(
  schema: Schema,
  bytes: Uint8Array,
): z.output<Schema> | undefined {
  try {
    return schema.safeParse(JSON.parse(Buffer.from(bytes).toString())).data;
  } catch {
    return undefined;
  }
}
