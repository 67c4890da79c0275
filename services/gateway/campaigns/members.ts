// Members as lines of JSON: each is read, sealed under a key of its own and handed to the campaign's owner, many at a time.
import type { Readable } from "node:stream";
import type { AddedMember } from "#domain/campaign/events.ts";
import {
  type FieldError,
  isMember,
  MAX_MEMBER_BYTES,
  type MemberFields,
  normalisedEmail,
  readMember,
} from "#domain/campaign/member.ts";
import { type CampaignId, MemberId } from "#domain/ids.ts";
import { memberContext, memberDomain, memberKey } from "#domain/seal-contexts.ts";
import { deterministicUuid } from "#platform/ids.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { readJson } from "../http/json-body.ts";
import { splitLines } from "../intake/split-lines.ts";
import { isRefusal, Refused, refusal } from "../refusal.ts";
import { type CampaignOwner, refusedBy } from "./owner.ts";

const MAX_MEMBER_LINES = 100_000;
/** Of about a quarter of a megabyte, sealed; a request holds a megabyte. */
const CHUNK = 500;
const MAX_CHUNK_BYTES = 400_000;
/** Chunks that are sealed or stored at the same time. */
const MAX_UNDER_WAY = 4;
const OPENING_BRACE = 0x7b;

export interface Uploaded {
  readonly added: number;
  readonly duplicates: number;
  readonly invalid: readonly { readonly line: number; readonly errors: readonly FieldError[] }[];
  readonly position: bigint;
}

export const memberIdOf = (
  campaign: CampaignId,
  email: string,
  vault: Pick<Vault, "fingerprint">,
): MemberId => MemberId.parse(deterministicUuid("member", vault.fingerprint(memberDomain(campaign), email)));

/** The id of whom somebody looks for, by address or by id; undefined where it is neither. */
export function memberIdFrom(
  campaign: CampaignId,
  text: string,
  vault: Pick<Vault, "fingerprint">,
): MemberId | undefined {
  const id = MemberId.safeParse(text.trim().toLowerCase());
  if (id.success) return id.data;
  const email = normalisedEmail(text);
  return email === undefined ? undefined : memberIdOf(campaign, email, vault);
}

interface ReadLine {
  readonly line: number;
  readonly member_id: MemberId;
  readonly fields: MemberFields;
}

export interface UploadParts {
  readonly vault: Vault;
  readonly owner: CampaignOwner;
  readonly by: string;
}

const TOO_MANY = refusal("too_large", {
  detail: `An upload has at most ${MAX_MEMBER_LINES} lines; those before are added, send the others by themselves`,
});

/** What was handed over before it breaks off stays: the same upload once more adds the others. */
export async function uploadMembers(
  campaign: CampaignId,
  body: Readable,
  { vault, owner, by }: UploadParts,
): Promise<Uploaded> {
  const invalid: { line: number; errors: readonly FieldError[] }[] = [];
  const underWay = new Set<Promise<void>>();
  const counts = { added: 0, duplicates: 0, position: 0n };
  let failed: unknown;
  let chunk: ReadLine[] = [];
  let bytes = 0;

  const isWrong = (at: number, errors: readonly FieldError[]): void =>
    void invalid.push({ line: at, errors });

  async function handOver(lines: readonly ReadLine[]): Promise<void> {
    const sealed = await vault.sealMany(
      lines.map(({ member_id, fields }) => ({
        key: memberKey(member_id),
        value: fields,
        context: memberContext(member_id),
      })),
    );
    const members = lines.flatMap(({ member_id, line }, n): AddedMember[] => {
      const one = sealed[n];
      if (one !== undefined) return [{ member_id, sealed: one }];
      isWrong(line, [{ path: "email", message: "names somebody who was forgotten" }]);
      return [];
    });
    if (members.length === 0) return;
    const reply = await owner(campaign, { type: "add", members, by });
    const refused = refusedBy(reply);
    if (refused !== undefined) throw refused;
    if (!("added" in reply)) throw new Error("the owner of a campaign says how many it added");
    counts.added += reply.added;
    counts.duplicates += members.length - reply.added;
    const position = BigInt(reply.position ?? 0);
    if (position > counts.position) counts.position = position;
  }

  async function send(): Promise<void> {
    if (chunk.length === 0) return;
    const handing = handOver(chunk)
      .catch((error: unknown) => {
        failed ??= error;
      })
      .finally(() => underWay.delete(handing));
    underWay.add(handing);
    [chunk, bytes] = [[], 0];
    if (underWay.size >= MAX_UNDER_WAY) await Promise.race(underWay);
    // Whoever submits meanwhile does not wait behind all of it.
    else await new Promise(setImmediate);
  }

  let line = 0;
  for await (const one of splitLines(body, MAX_MEMBER_BYTES)) {
    line += 1;
    if (failed !== undefined) break;
    const isTooLong = "tooLong" in one;
    if (!isTooLong && isBlank(one.text)) continue;
    // So no more lines than that are told to be wrong, either.
    if (line > MAX_MEMBER_LINES) {
      failed = new Refused(TOO_MANY);
      break;
    }
    if (isTooLong) {
      isWrong(line, [{ path: "", message: `has more than ${MAX_MEMBER_BYTES} bytes` }]);
      continue;
    }
    const read = readLine(one.text);
    if (!isMember(read)) {
      isWrong(line, read);
      continue;
    }
    chunk.push({ line, fields: read, member_id: memberIdOf(campaign, read.email, vault) });
    bytes += one.text.length;
    if (chunk.length >= CHUNK || bytes >= MAX_CHUNK_BYTES) await send();
  }
  if (failed === undefined) await send();
  await Promise.all(underWay);
  // What is not read would block the next request on this connection.
  body.resume();
  if (failed !== undefined) throw failed;
  return { ...counts, invalid: invalid.sort((a, b) => a.line - b.line) };
}

/** Nearly every line is told by its first byte. */
const isBlank = (text: Buffer): boolean =>
  text.length === 0 || (text[0] !== OPENING_BRACE && text.toString("utf8").trim() === "");

function readLine(text: Buffer): MemberFields | readonly FieldError[] {
  const object = readJson(text);
  if (isRefusal(object)) return [{ path: "", message: object.detail ?? "is not JSON" }];
  return readMember(object);
}
