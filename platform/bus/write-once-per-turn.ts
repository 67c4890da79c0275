// The client writes to its socket after every microtask that sent something. What a turn of the event loop sends goes out together
// instead: a system call costs more than the message that it carries. See docs/decisions/0029.
import type { NatsConnection } from "nats";

/** What we need of the client's inside, which its types do not show. */
interface Protocol {
  flushPending(): void;
  readonly outbound: { size(): number };
}

/** So much is written at once, to keep the buffer small. */
const MAX_BUFFERED_BYTES = 256 * 1024;

export function writeOncePerTurn(nats: NatsConnection): void {
  const { protocol } = nats as unknown as { readonly protocol: Protocol };
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
