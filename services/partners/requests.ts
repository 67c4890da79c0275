// What the gateway asks of whoever delivers: whether functions compile, and one delivery that is only a test.
import { z } from "zod";
import { PartnerId } from "#domain/ids.ts";
import type { ConfigError } from "#domain/partner/config-error.ts";
import type { ConfiguredPartners } from "#domain/partner/configured.ts";
import { Submission } from "#domain/submission/submission.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { COMPILE_SUBJECT, TEST_DELIVERY_SUBJECT } from "#platform/bus/subjects.ts";
import type { Lifecycle } from "#platform/lifecycle.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { ChannelParts } from "./channels/channel.ts";
import { COMPILE_LIMITS, COMPILE_TIMEOUT_MS } from "./sandbox/limits.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";
import { testDelivery } from "./test-delivery.ts";

export interface RequestsParts {
  readonly bus: Bus;
  readonly vault: Pick<Vault, "openReadable">;
  readonly sandbox: Pick<Sandbox, "run">;
  readonly channels: ChannelParts;
  readonly partners: () => ConfiguredPartners;
  readonly lifecycle: Lifecycle;
}

const QUEUE = "partners";
/** What is only compiled shares a thread of its own. */
const COMPILING = "compile:all";

const Compile = z.object({ functions: z.array(z.tuple([z.string(), z.string()])) });
const Test = z.object({ partner: PartnerId, version: z.int(), submission: Submission });

export async function serveRequests(parts: RequestsParts): Promise<void> {
  const { bus, sandbox, lifecycle } = parts;

  /** Undefined where the sandbox could not say: a busy machine, or another's code, is no fault of this one. */
  async function compile(path: string, code: string): Promise<ConfigError[] | undefined> {
    const job = { code, limits: COMPILE_LIMITS, mayWait: false };
    const result = await sandbox.run({ owner: COMPILING, job, timeoutMs: COMPILE_TIMEOUT_MS });
    if (result.ok) return [];
    if (result.failure === "no_turn" || result.failure === "sandbox_failed") return undefined;
    const at = result.line === undefined ? "" : `line ${result.line}: `;
    return [{ path, message: `${at}${result.message}` }];
  }

  const serving = await Promise.all([
    bus.serve(COMPILE_SUBJECT, QUEUE, async ({ data }) => {
      const { functions } = Compile.parse(read(data));
      const errors = await Promise.all(functions.map(([path, code]) => compile(path, code)));
      const known = errors.filter((one) => one !== undefined);
      return written(known.length < errors.length ? { busy: true } : { errors: known.flat() });
    }),
    bus.serve(TEST_DELIVERY_SUBJECT, QUEUE, async ({ data }) =>
      written(await testDelivery(parts, Test.parse(read(data)), lifecycle.stopping)),
    ),
  ]);
  lifecycle.own("requests about partners", async () => {
    await Promise.all(serving.map((one) => one.close()));
  });
}

const read = (data: Uint8Array): unknown => JSON.parse(Buffer.from(data).toString("utf8"));
const written = (value: object): Uint8Array => Buffer.from(JSON.stringify(value));
