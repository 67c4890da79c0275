// Takes note of what came of sends: a mail is acknowledged once it is stored what it means.
import type { ConfiguredCampaign } from "#domain/campaign/configured.ts";
import type { CampaignCommand } from "#domain/campaign/decide.ts";
import type { CampaignId, MemberId } from "#domain/ids.ts";
import type { Mail } from "#platform/bus/mail.ts";
import type { Log } from "#platform/log.ts";
import type { Over } from "./next-move.ts";
import { meaningOf, type OutcomeMail, readOutcome } from "./outcomes.ts";
import type { CampaignWriter } from "./writer.ts";

export interface NoteOutcomesParts {
  readonly campaign: CampaignId;
  readonly configured: () => ConfiguredCampaign;
  readonly writer: CampaignWriter;
  readonly confirm: (mails: readonly Mail[]) => Promise<readonly Mail[]>;
  /** Undefined where the member is somewhere else by now. */
  readonly goOn: (id: MemberId, moves: number, over: Over) => Promise<Noted | undefined>;
  readonly write: (command: CampaignCommand) => Promise<Noted>;
  readonly onOver: (id: MemberId) => void;
  readonly log: Log;
}

type Noted = { readonly accepted: true } | { readonly accepted: false; readonly reason: string };

const LOOK_AGAIN_MS = 500;

export function noteOutcomes(parts: NoteOutcomesParts): (mails: Mail[]) => Promise<void> {
  const { campaign, configured, writer, confirm, goOn, write, onOver, log } = parts;

  async function takeNote({ mail, ...outcome }: OutcomeMail): Promise<void> {
    const { member_id } = outcome;
    const { state } = writer;
    if (state === undefined) return mail.nak(LOOK_AGAIN_MS);
    try {
      const { standing } = configured();
      const meaning = meaningOf({ mail, ...outcome }, state, { campaign, standing });
      if (meaning === "nothing") return mail.ack();
      onOver(member_id);
      const decision =
        "sent" in meaning
          ? await goOn(member_id, meaning.moves, { how: "sent", submission_id: meaning.sent })
          : await write(meaning.command);
      const isOver = decision === undefined || decision.accepted || decision.reason === "moved_already";
      if (isOver) mail.ack();
      else mail.nak(LOOK_AGAIN_MS);
    } catch (error) {
      log.warn({ err: error, member_id }, "what came of a send is not stored yet");
      mail.nak(LOOK_AGAIN_MS);
    }
  }

  return async (mails) => {
    const confirmed = await confirm(mails);
    const outcomes = confirmed.flatMap((mail) => readOutcome(mail, campaign, log) ?? []);
    if (!(await writer.open())) {
      for (const { mail } of outcomes) mail.nak(0);
      return;
    }
    await Promise.all(outcomes.map(takeNote));
  };
}
