// Replies of members: matched by id or address, and taken once by the id of the message.
import type { CampaignId, MemberId } from "#domain/ids.ts";
import { memberContext, memberKey, messageDomain } from "#domain/seal-contexts.ts";
import { wellFormed } from "#domain/well-formed.ts";
import { KeyDestroyed, type Vault } from "#platform/vault/vault.ts";
import { Refused, refusal } from "../refusal.ts";
import { memberIdFrom } from "./members.ts";
import { type CampaignOwner, refusedBy } from "./owner.ts";
import type { Reply } from "./schemas.ts";

export interface TakenReply {
  readonly member_id: MemberId;
  readonly duplicate: boolean;
  readonly position: bigint | undefined;
}

export interface ReplyParts {
  readonly vault: Vault;
  readonly owner: CampaignOwner;
}

const FORGOTTEN = refusal("not_found", {
  detail: "This member is forgotten: nothing that it says is kept any more",
});
const NO_ADDRESS = refusal("unacceptable", {
  errors: [{ path: "email", message: "is not an e-mail address" }],
});

export async function takeReply(
  campaign: CampaignId,
  { member_id, email, message_id, text }: Reply,
  { vault, owner }: ReplyParts,
  by: string,
): Promise<TakenReply> {
  const id = member_id ?? memberIdFrom(campaign, email ?? "", vault);
  if (id === undefined) throw new Refused(NO_ADDRESS);
  // Only for members there is a key: nobody else's may be made by guessing.
  const [known] = await vault.existing([memberKey(id)]);
  if (known === undefined) throw refusedBy({ refused: "no_such_member" }) ?? new Refused(FORGOTTEN);
  const sealed = await vault
    .seal(memberKey(id), wellFormed(text), memberContext(id))
    .catch((error: unknown) => {
      throw error instanceof KeyDestroyed ? new Refused(FORGOTTEN) : error;
    });
  const message = vault.fingerprint(messageDomain(campaign), message_id);
  const reply = await owner(campaign, { type: "reply", member_id: id, message, sealed, by });
  const refused = refusedBy(reply);
  if (refused !== undefined) throw refused;
  const isTaken = "taken" in reply && reply.taken;
  const position = "position" in reply && reply.position !== undefined ? BigInt(reply.position) : undefined;
  return { member_id: id, duplicate: !isTaken, position };
}
