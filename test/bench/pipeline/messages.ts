// A minimal HTTP/1.1 parser for both sides of the benchmark: the load generator and the partners must not become the bottleneck.

const HEAD_END = "\r\n\r\n";
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;

type OnMessage = (head: string, body: string) => void;

/** Returns a consumer of chunks. Strings are latin1: one character per byte. A message without content-length has no body. */
export function readMessages(onMessage: OnMessage): (chunk: Buffer) => void {
  let rest = "";
  return (chunk) => {
    rest += chunk.toString("latin1");
    for (;;) {
      const headEnd = rest.indexOf(HEAD_END);
      if (headEnd < 0) return;
      const head = rest.slice(0, headEnd);
      const bodyStart = headEnd + HEAD_END.length;
      const bodyEnd = bodyStart + Number(CONTENT_LENGTH.exec(head)?.[1] ?? 0);
      if (rest.length < bodyEnd) return;
      const body = rest.slice(bodyStart, bodyEnd);
      rest = rest.slice(bodyEnd);
      onMessage(head, body);
    }
  };
}

export const statusOf = (head: string): number => Number(head.slice(9, 12));

export function headerOf(head: string, name: string): string | undefined {
  return new RegExp(`\\r\\n${name}: *([^\\r]*)`, "i").exec(head)?.[1];
}
