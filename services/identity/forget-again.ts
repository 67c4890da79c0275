// After a restore: whose keys are destroyed although the restored log does not say that they were forgotten. See docs/decisions/0118.
import { personOfKey } from "#domain/seal-contexts.ts";
import type { Log } from "#platform/log.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { IdentityWriter } from "./writer.ts";

export interface ForgetAgainParts {
  readonly vault: Pick<Vault, "toForget" | "forgot">;
  readonly writer: Pick<IdentityWriter, "forget">;
  readonly log: Log;
}

/** Before the first question is answered: nothing can be sealed for them any more, so who comes is somebody new. */
export async function forgetAgain({ vault, writer, log }: ForgetAgainParts): Promise<void> {
  const keys = await vault.toForget();
  if (keys.length === 0) return;
  let forgotten = 0;
  for (const person of keys.map(personOfKey)) {
    if (person === undefined) continue;
    const answer = await writer.forget(person, new Date(), "restore");
    // Most are forgotten already, as the log says, or came after the backup.
    if (!("refused" in answer)) forgotten += 1;
  }
  await vault.forgot(keys);
  log.warn({ persons: forgotten, checked: keys.length }, "persons forgotten again after a restore");
}
