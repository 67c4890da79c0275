// JetStream in memory, as the roles use it: one stream, durable mailboxes whose mail comes again until it is acknowledged, requests. It
// forgets, repeats and reorders.
import type { MsgHdrs } from "nats";
import { type Bus, BusError, type Mail, type MailboxOptions } from "#platform/bus/bus.ts";
import { pause } from "#platform/retry.ts";
import { currentProcess, elapsed, inProcess, type Process, schedule } from "./clock.ts";
import type { Network, Unanswered } from "./network.ts";
import { type Consumer, createStream, type Message } from "./stream.ts";

interface Server {
  readonly process: Process;
  readonly handler: (data: Uint8Array) => Promise<Uint8Array>;
}

/** What a partner's subject has stored. */
export type OnPartnerMessage = (
  subject: string,
  id: string,
) => "stored" | "duplicate" | "refused" | "unknown";

export interface SimulatedBus {
  of(process: Process, network: Network): Bus;
  /** Everything, mailboxes and all. */
  wipe(): void;
}

const TIMEOUT: Unanswered = { afterMs: 5_000, error: () => new BusError("timeout", "no answer") };
/** A reader that finds nothing looks again so late; one that found something looks at once. */
const IDLE_MS = 60;
const BUSY_MS = 5;

export function createBus(onPartnerMessage: OnPartnerMessage): SimulatedBus {
  const stream = createStream();
  const servers = new Map<string, Set<Server>>();
  const listeners = new Map<
    string,
    Set<{ process: Process; onNews: (data: Uint8Array, subject: string) => void }>
  >();

  function storeForPartner(subject: string, id: string) {
    const said = onPartnerMessage(subject, id);
    if (said === "refused") throw new BusError("rejected", "the stream is full");
    if (said === "unknown") throw new BusError("timeout", "no answer");
    return { seq: 1, duplicate: said === "duplicate" };
  }

  function of(process: Process, network: Network): Bus {
    const call = <T>(effect: () => T): Promise<T> => network.call(process, effect, TIMEOUT);

    function toMail(
      consumer: Consumer,
      message: Message,
      deliveries: number,
      options: MailboxOptions,
    ): Mail & { answered: boolean } {
      const { seq, subject, data, headers, storedAt } = message;
      const send = (effect: () => void): void => {
        if (network.isHit("lostMail")) return;
        schedule(network.random.next() * 3, effect, undefined);
      };
      const answer = (effect: () => void): void => {
        if (mail.answered || !process.alive) return;
        mail.answered = true;
        send(() => {
          if (stream.consumers.get(options.name) === consumer) effect();
        });
      };
      const mail: Mail & { answered: boolean } = {
        subject,
        data,
        headers: { get: (name: string) => headers[name] ?? "" } as MsgHdrs,
        seq,
        deliveries,
        storedAt,
        answered: false,
        ack: () => answer(() => void consumer.pending.delete(seq)),
        term: () => answer(() => void consumer.pending.delete(seq)),
        nak: (delayMs) =>
          answer(() => {
            const pending = consumer.pending.get(seq);
            if (pending !== undefined) pending.dueAt = elapsed() + delayMs;
          }),
        working() {
          if (mail.answered || !process.alive) return;
          send(() => {
            const pending = consumer.pending.get(seq);
            if (pending !== undefined) pending.dueAt = elapsed() + options.ackWaitMs;
          });
        },
      };
      return mail;
    }

    const mailbox: Bus["mailbox"] = async (options) => {
      const { name, onBatch, maxBatch, maxAckPending, ackWaitMs } = options;
      await call(() => stream.consumer(options));
      let paused = false;
      let closed = false;
      const open = new Set<Mail & { answered: boolean }>();

      async function round(): Promise<boolean> {
        const consumer = stream.consumer(options);
        let found = stream.next(consumer, maxBatch, maxAckPending, ackWaitMs);
        if (found.length === 0) return false;
        if (network.isHit("reorderedMail")) found = found.reverse();
        if (network.isHit("repeatedMail")) found = [...found, ...found.slice(0, 1)];
        const mails = found.map(({ message, deliveries }) => toMail(consumer, message, deliveries, options));
        for (const mail of mails) open.add(mail);
        try {
          await onBatch(mails);
        } catch {
          for (const mail of mails) mail.nak(1_000);
        }
        for (const mail of open) if (mail.answered) open.delete(mail);
        return true;
      }
      const loop = async (): Promise<void> => {
        while (!closed) {
          const isBusy = !paused && (await round());
          await pause(isBusy ? BUSY_MS : IDLE_MS * (0.5 + network.random.next()));
        }
      };
      const working = loop();
      return {
        name,
        get unanswered() {
          return [...open].filter(({ answered }) => !answered).length;
        },
        pause() {
          paused = true;
        },
        resume() {
          paused = false;
        },
        async close() {
          closed = true;
          await working;
        },
      };
    };

    return {
      connected: true,
      maxMessageBytes: 1024 * 1024,
      publish(subject, data, { id, headers = {}, timeoutMs = TIMEOUT.afterMs }) {
        return network.call(
          process,
          () =>
            subject.startsWith("partners.")
              ? storeForPartner(subject, id)
              : stream.store(subject, data, id, headers),
          { ...TIMEOUT, afterMs: timeoutMs },
        );
      },
      mailbox,
      rewindMailbox: ({ name }) =>
        call(() => {
          for (const pending of stream.consumers.get(name)?.pending.values() ?? []) pending.dueAt = elapsed();
        }),
      deleteMailbox: (name) => call(() => void stream.consumers.delete(name)),
      erase: (seq) => call(() => void stream.messages.delete(seq)),
      purge: () => call(() => void stream.messages.clear()),
      kv: () => Promise.reject(new Error("leases are simulated as a whole")),
      close: async () => undefined,
      consumerState: (name) =>
        call(() => {
          const consumer = stream.consumers.get(name);
          if (consumer === undefined) return undefined;
          const isIts = ({ subject }: Message): boolean => subject.startsWith(consumer.filter);
          const open = [...consumer.pending.keys()];
          return {
            pending: [...stream.messages.values()].filter((one) => one.seq > consumer.delivered && isIts(one))
              .length,
            ackPending: open.length,
            redelivered: 0,
            ackFloorSeq: open.length === 0 ? consumer.delivered : Math.min(...open) - 1,
            deliveredSeq: consumer.delivered,
          };
        }),
      messageAt: (seq) => call(() => shown(stream.messages.get(seq))),
      lastMessage: () => call(() => shown([...stream.messages.values()].at(-1))),
      lastStoredAt: () => call(() => undefined),
      subjectsIn: () => call(() => new Map()),
      firstSeq: () => call(() => stream.messages.keys().next().value ?? stream.lastSeq + 1),
      lastSeq: () => call(() => stream.lastSeq),
      async request(subject, data, timeoutMs) {
        const asked = await call(() => [...(servers.get(subject) ?? [])].filter((one) => one.process.alive));
        if (asked.length === 0) throw new BusError("no_responders", `nobody serves ${subject}`);
        // Each who serves it may answer; the first answer counts.
        return new Promise((resolve, reject) => {
          schedule(timeoutMs, () => reject(new BusError("timeout", `${subject} was not answered`)), process);
          for (const server of asked) {
            if (network.isHit("lostRequest")) continue;
            schedule(
              network.random.next() * 3,
              () => {
                const reply = (settle: () => void): void => {
                  if (!network.isHit("lostAnswer")) schedule(network.random.next() * 3, settle, process);
                };
                server.handler(data).then(
                  (answer) => reply(() => resolve(answer)),
                  () => reply(() => reject(new BusError("refused", `${subject} was refused`))),
                );
              },
              server.process,
            );
          }
        });
      },
      async serve(subject, _queue, handler) {
        const server: Server = {
          process,
          handler: async (data) => {
            const answer = await inProcess(process, () => handler({ subject, data, headers: undefined }));
            return answer instanceof Uint8Array ? answer : answer.data;
          },
        };
        const all = servers.get(subject) ?? new Set();
        servers.set(subject, all.add(server));
        return { close: async () => void all.delete(server) };
      },
      broadcast(subject, data) {
        for (const { process: to, onNews } of listeners.get(subject) ?? [])
          if (!network.isHit("lostMail"))
            schedule(network.random.next() * 3, () => onNews(data, subject), to);
      },
      listen(subject, onNews) {
        const listener = { process: currentProcess() ?? process, onNews };
        const all = listeners.get(subject) ?? new Set();
        listeners.set(subject, all.add(listener));
        return { close: async () => void all.delete(listener) };
      },
    };
  }

  const shown = (message: Message | undefined) =>
    message && { ...message, headers: { get: (name: string) => message.headers[name] ?? "" } as MsgHdrs };

  return {
    of,
    wipe() {
      stream.wipe();
    },
  };
}
