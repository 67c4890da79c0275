// The client writes to its socket after every microtask that sent something. What a turn of the event loop sends goes out together
// instead: a system call costs more than the message that it carries. See docs/decisions/0029.
import type { NatsConnection } from "nats";

/** What we need of the client's inside, which its types do not show. */
interface Protocol {
  flushPending(): void;
  sendCommand(command: string | Uint8Array, ...payloads: Uint8Array[]): void;
  readonly outbound: { size(): number };
}

/** So much is written at once, to keep the buffer small. */
const MAX_BUFFERED_BYTES = 256 * 1024;

export function writeOncePerTurn(nats: NatsConnection): void {
  const { protocol } = nats as unknown as { readonly protocol: Protocol };
  const send = protocol.sendCommand.bind(protocol);
  // The client encodes the line before each message into an array of its own, which takes several times as long as one from the pool.
  protocol.sendCommand = (command, ...payloads) =>
    send(typeof command === "string" ? Buffer.from(command) : command, ...payloads);
  const write = protocol.flushPending.bind(protocol);
  let isDue = false;
  protocol.flushPending = () => {
    if (protocol.outbound.size() >= MAX_BUFFERED_BYTES) {
      write();
      return;
    }
    if (isDue) return;
    isDue = true;
    setImmediate(() => {
      isDue = false;
      write();
    });
  };
}
