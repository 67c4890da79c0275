// The link by which the first admin comes in, as long as nobody can sign in yet.
import { retryUntil } from "#platform/retry.ts";
import { Problem } from "../problem.ts";
import { adminClient } from "./admin-client.ts";

const WITHIN_MS = 10_000;
const BACKOFF = { baseMs: 100, maxMs: 1_000 };

/** Undefined where somebody can sign in already. Tried again while the gateway is away. */
export async function firstLink(
  httpUrl: string,
  adminToken: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const admin = adminClient(httpUrl, adminToken);
  let last: unknown;
  const made = await retryUntil(
    async () => ({ answer: (await admin.postUnlessConflict("/api/setup-links")) as { setup_url?: string } }),
    {
      backoff: BACKOFF,
      signal: AbortSignal.any([signal, AbortSignal.timeout(WITHIN_MS)]),
      onFailure(error) {
        last = error;
        if (error instanceof Problem) throw error;
      },
    },
  );
  if (made === undefined) throw last ?? new Error("stopped");
  return made.answer?.setup_url;
}
