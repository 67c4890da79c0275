// Mail that the relay took from the log carries a signature; anything else that stands in a mailbox is looked up in the log before
// anybody reacts. See docs/decisions/0093.
import { createHmac, createSecretKey, randomBytes, timingSafeEqual } from "node:crypto";
import type { Mail } from "./bus/mail.ts";
import type { Database } from "./database.ts";
import { packEvent, unpackEvent } from "./event-store/event-mail.ts";
import type { EventStore } from "./event-store/event-store.ts";
import type { StoredEvent } from "./event-store/stored-event.ts";
import type { Log } from "./log.ts";

export interface MailSignature {
  readonly header: string;
  sign(payload: Uint8Array): string;
  isSigned(mail: Pick<Mail, "data" | "headers">): boolean;
}

const HEADER = "Switchyard-Signature";
const LOOK_AGAIN_MS = 1_000;

/** Known to whoever reads the yard's database, and to nobody who has only NATS. A new one costs look-ups and nothing else. */
const STEPS = [
  "create schema mail; create table mail.key (one boolean primary key default true check (one), key text not null)",
];

export async function openMailSignature(database: Database): Promise<MailSignature> {
  await database.migrate("mail", STEPS);
  await database.execute("insert into mail.key (key) values ($1) on conflict do nothing", [
    randomBytes(32).toString("base64"),
  ]);
  const [row] = await database.query<{ key: string }>("select key from mail.key");
  if (row === undefined) throw new Error("there is no key in mail.key; start the process again");
  const key = createSecretKey(Buffer.from(row.key, "base64"));
  const digest = (payload: Uint8Array): Buffer => createHmac("sha256", key).update(payload).digest();
  return {
    header: HEADER,
    sign: (payload) => digest(payload).toString("base64"),
    isSigned({ data, headers }) {
      const given = Buffer.from(headers?.get(HEADER) ?? "", "base64");
      const wanted = digest(data);
      return given.length === wanted.length && timingSafeEqual(given, wanted);
    },
  };
}

export interface ConfirmParts {
  readonly signature: MailSignature;
  readonly eventStore: Pick<EventStore, "readStream">;
  readonly log: Log;
}

/** The mail that the log confirms, as the log has it; the others are answered. */
export async function confirmMail(mails: readonly Mail[], parts: ConfirmParts): Promise<readonly Mail[]> {
  if (mails.every(parts.signature.isSigned)) return mails;
  const found = await Promise.all(
    mails.map((mail) => (parts.signature.isSigned(mail) ? mail : lookUp(mail, parts))),
  );
  return found.filter((mail) => mail !== undefined);
}

/** Undefined where nothing is to be done with it now. */
async function lookUp(mail: Mail, { eventStore, log }: ConfirmParts): Promise<Mail | undefined> {
  const { seq, subject } = mail;
  let claimed: StoredEvent;
  try {
    claimed = unpackEvent(mail.data);
  } catch {
    // Whoever reads the mailbox says what is done with what is no event.
    return mail;
  }
  try {
    const { id, stream, revision } = claimed;
    const [stored] = await eventStore.readStream(stream, { from: revision, maxCount: 1 });
    if (stored?.id === id) return { ...mail, data: packEvent(stored) };
    log.error({ seq, subject, stream, event_id: id }, "mail discarded, the log does not confirm it");
    mail.term();
  } catch (error) {
    log.warn({ err: error, seq, subject }, "mail not confirmed yet");
    mail.nak(LOOK_AGAIN_MS);
  }
  return undefined;
}
