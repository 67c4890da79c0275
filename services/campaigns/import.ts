// Takes members over from another system's HTTP API, page by page. Where the next page is, is stored once all of this one are added, so
// that whoever takes the campaign over goes on with the page that was not taken yet.

import { countAdded } from "#domain/campaign/decide.ts";
import type { AddedMember } from "#domain/campaign/events.ts";
import { type Circle, ImportRequest, pageIn, watchForCircle } from "#domain/campaign/import.ts";
import { isMember, MAX_MEMBER_BYTES, type MemberFields, readMember } from "#domain/campaign/member.ts";
import type { CampaignState } from "#domain/campaign/state.ts";
import { type CampaignId, MemberId } from "#domain/ids.ts";
import { importContext, memberContext, memberDomain, memberKey, SECRETS_KEY } from "#domain/seal-contexts.ts";
import { createHttpCaller } from "#platform/http-call.ts";
import { deterministicUuid } from "#platform/ids.ts";
import type { Log } from "#platform/log.ts";
import { backoffMs, pause } from "#platform/retry.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { CampaignWriter } from "./writer.ts";

export interface ImportParts {
  readonly campaign: CampaignId;
  readonly writer: CampaignWriter;
  readonly vault: Vault;
  readonly allowPrivate: boolean;
  readonly isCancelled: () => boolean;
  /** After each page: those who came may begin. */
  readonly onTaken: () => void;
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** Of about a quarter of a megabyte. */
const CHUNK = 500;
const PAGE_MS = 60_000;
const MAX_PAGE_BYTES = 32 * 1024 * 1024;
const MAX_TRIES = 12;
const BACKOFF = { baseMs: 250, maxMs: 30_000 };
const MAX_RETRY_AFTER_MS = 3_600_000;

/** Until the last page is taken, or the import has failed, or the signal is given. Never rejects. */
export async function importMembers(parts: ImportParts): Promise<void> {
  const { writer, signal, log } = parts;
  const circle = watchForCircle();
  for (let failures = 0; !signal.aborted; ) {
    try {
      if (!(await writer.open())) return;
      const importing = writer.state?.import;
      if (importing?.state !== "running") return;
      await takePage(importing, circle, parts);
      failures = 0;
    } catch (error) {
      log.warn({ err: error }, "page of members not taken yet");
      await pause(backoffMs(failures++, BACKOFF), signal);
    }
  }
}

type Importing = NonNullable<CampaignState["import"]>;

async function takePage(importing: Importing, circle: Circle, parts: ImportParts): Promise<void> {
  const { campaign, writer, vault, signal, isCancelled, onTaken, log } = parts;
  const context = importContext(campaign);
  const request = ImportRequest.safeParse(await vault.open(importing.request, context)).data;
  const next = importing.next === undefined ? request?.url : await vault.open(importing.next, context);
  const about = { campaign, import_id: importing.id } as const;
  const fails = async (reason: string): Promise<void> => {
    log.warn({ reason, pages: importing.pages }, "import of members failed");
    await writer.write({ command: { type: "fail_import", ...about, reason } });
  };
  // Whoever came now would wait for ever.
  if (isCancelled()) return fails("campaign_cancelled");
  if (request === undefined || typeof next !== "string") return fails("request_can_not_be_read");
  const body = await fetchPage(next, request, parts);
  if (body === undefined || signal.aborted) return;
  const page = "wrong" in body ? body : pageIn(body.json, request, next);
  if ("wrong" in page) return fails(page.wrong);
  if (page.next !== undefined && circle.isClosedBy(page.next)) return fails("next_pages_lead_back");
  const { members, invalid } = await sealed(page.items, parts);
  const sealedNext = page.next === undefined ? undefined : await vault.seal(SECRETS_KEY, page.next, context);
  const added = await handOver(members, parts);
  if (added === undefined) return;
  const handed_over = { members: members.length, added };
  const taken = { page: importing.pages + 1, next: sealedNext, handed_over, invalid };
  await writer.write({ command: { type: "take_page", ...about, ...taken } });
  if (page.next !== undefined) circle.follow(page.next);
  onTaken();
}

/** How many of them are new; undefined where the campaign was cancelled meanwhile. */
async function handOver(
  members: readonly AddedMember[],
  { campaign, writer, isCancelled, onTaken }: ImportParts,
): Promise<number | undefined> {
  let added = 0;
  for (let from = 0; from < members.length; from += CHUNK) {
    if (isCancelled()) return undefined;
    const some = members.slice(from, from + CHUNK);
    const command = { type: "add", campaign, members: some, at: new Date().toISOString() } as const;
    const { decision } = await writer.write({ command });
    if (!decision.accepted) throw new Error(`members are not added: ${decision.reason}`);
    added += countAdded(decision.events);
    onTaken();
  }
  return added;
}

type Body = { readonly json: unknown } | { readonly wrong: string };

/** Undefined where the signal was given. */
async function fetchPage(
  url: string,
  { headers }: ImportRequest,
  { allowPrivate, signal, log }: ImportParts,
): Promise<Body | undefined> {
  const caller = createHttpCaller({
    url,
    concurrency: 1,
    timeoutMs: PAGE_MS,
    keepAlive: true,
    allowPrivate,
    maxBodyBytes: MAX_PAGE_BYTES,
  });
  const request = {
    method: "GET",
    headers: { accept: "application/json", "user-agent": "switchyard", ...headers },
    body: null,
  } as const;
  try {
    for (let tries = 1; !signal.aborted; tries += 1) {
      const response = await caller.call(request, { obstacle: () => undefined, abandon: signal });
      if (response.responded && response.status === 200)
        return response.truncated ? { wrong: "page_is_too_large" } : { json: asJson(response.body) };
      const reason = response.responded ? `http_${response.status}` : response.outcome.reason;
      if ((response.responded && !isTransient(response.status)) || tries >= MAX_TRIES)
        return { wrong: reason };
      log.info({ reason, tries }, "page of members is asked for again");
      const asked = response.responded ? retryAfterMs(response.headers["retry-after"]) : 0;
      await pause(Math.max(asked, backoffMs(tries - 1, BACKOFF)), signal);
    }
    return undefined;
  } finally {
    await caller.close();
  }
}

const isTransient = (status: number): boolean =>
  status === 408 || status === 425 || status === 429 || status >= 500;

function retryAfterMs(text: string | undefined): number {
  if (text === undefined) return 0;
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? 0 : Math.min(MAX_RETRY_AFTER_MS, Math.max(0, ms));
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

async function sealed(
  items: readonly unknown[],
  { campaign, vault }: ImportParts,
): Promise<{ readonly members: readonly AddedMember[]; readonly invalid: number }> {
  const read = items.flatMap((item): MemberFields[] => {
    const member = readMember(item);
    return isMember(member) && JSON.stringify(member).length <= MAX_MEMBER_BYTES ? [member] : [];
  });
  const named = read.map((value) => {
    const hashed = vault.fingerprint(memberDomain(campaign), value.email);
    const member_id = MemberId.parse(deterministicUuid("member", hashed));
    return { member_id, key: memberKey(member_id), value, context: memberContext(member_id) };
  });
  const all = await vault.sealMany(named);
  const members = named.flatMap(({ member_id }, n) => {
    const one = all[n];
    return one === undefined ? [] : [{ member_id, sealed: one }];
  });
  return { members, invalid: items.length - members.length };
}
