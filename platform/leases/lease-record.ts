// The record of a lease in the bucket: who has it, and a revision that only one of two rivals can move.
import { type KV, type KvEntry, NatsError } from "nats";
import { z } from "zod";
import type { Bus } from "../bus/bus.ts";

const owner = z.object({
  holder: z.string(),
  instance: z.string(),
  /** Grows with each write of the holder, so that one can be told from the next without asking for the revision. */
  beat: z.number(),
});
export type Owner = Readonly<z.infer<typeof owner>>;

export interface LeaseRecord {
  readonly revision: number;
  /** Undefined for one that was released. */
  readonly owner: Owner | undefined;
}

export interface LeaseRecords {
  /** Undefined when nobody ever had it. */
  read(name: string): Promise<LeaseRecord | undefined>;
  /** The new revision; undefined when somebody else was faster. `after` is the record that was seen. */
  write(name: string, by: Owner, after: number | undefined): Promise<number | undefined>;
  /** Leaves it alone when it is not ours any more. */
  release(name: string, revision: number): Promise<void>;
  /** Every write as it is tried, also one that loses, and every release (by nobody); some may be missed. */
  watch(onWrite: (name: string, by: Owner | undefined) => void): { close(): Promise<void> };
}

const WRONG_LAST_SEQUENCE = 10071;

const outrun = (error: unknown): boolean =>
  error instanceof NatsError && error.api_error?.err_code === WRONG_LAST_SEQUENCE;

async function unlessOutrun<T>(write: () => Promise<T>): Promise<T | undefined> {
  try {
    return await write();
  } catch (error) {
    if (outrun(error)) return undefined;
    throw error;
  }
}

function toRecord(entry: KvEntry): LeaseRecord {
  if (entry.operation !== "PUT") return { revision: entry.revision, owner: undefined };
  return { revision: entry.revision, owner: owner.parse(entry.json()) };
}

/** Names may hold characters that keys must not. */
const encoded = (name: string): string => Buffer.from(name).toString("hex");
const decoded = (key: string): string => Buffer.from(key, "hex").toString();

export function leaseRecords(bus: Pick<Bus, "kv" | "listen">, group: string): LeaseRecords {
  const kv = (): Promise<KV> => bus.kv("leases");
  const key = (name: string): string => `${group}.${encoded(name)}`;
  return {
    async read(name) {
      const entry = await (await kv()).get(key(name));
      return entry ? toRecord(entry) : undefined;
    },
    async write(name, by, after) {
      const bucket = await kv();
      return await unlessOutrun(() => bucket.put(key(name), JSON.stringify(by), { previousSeq: after ?? 0 }));
    },
    async release(name, revision) {
      const bucket = await kv();
      await unlessOutrun(() => bucket.delete(key(name), { previousSeq: revision }));
    },
    watch: (onWrite) =>
      bus.listen(`$KV.leases.${group}.*`, (data, subject) => {
        const name = decoded(subject.slice(subject.lastIndexOf(".") + 1));
        const released = data.length === 0;
        onWrite(name, released ? undefined : owner.parse(JSON.parse(Buffer.from(data).toString())));
      }),
  };
}
