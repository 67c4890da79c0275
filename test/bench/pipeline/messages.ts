// HTTP/1.1 messages out of the chunks of a connection, with as little work as will do: what measures must not be what binds.

const HEAD_END = "\r\n\r\n";
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;

export type OnMessage = (head: string, body: string) => void;

/** Takes chunks as they come, one character for each byte. A message without a content-length has no body. */
export function readMessages(onMessage: OnMessage): (chunk: Buffer) => void {
  let rest = "";
  return (chunk) => {
    rest += chunk.toString("latin1");
    for (;;) {
      const headEnd = rest.indexOf(HEAD_END);
      if (headEnd < 0) return;
      const head = rest.slice(0, headEnd);
      const bodyAt = headEnd + HEAD_END.length;
      const end = bodyAt + Number(CONTENT_LENGTH.exec(head)?.[1] ?? 0);
      if (rest.length < end) return;
      const body = rest.slice(bodyAt, end);
      rest = rest.slice(end);
      onMessage(head, body);
    }
  };
}

export const statusOf = (head: string): number => Number(head.slice(9, 12));

export function headerOf(head: string, name: string): string | undefined {
  return new RegExp(`\\r\\n${name}: *([^\\r]*)`, "i").exec(head)?.[1];
}
