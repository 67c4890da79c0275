// A mail server to fuzz with: for each connection an odd thing to say to each command, in its own time. The same seed gives the same.
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import fc from "fast-check";

export interface OddMailServer {
  readonly port: number;
  /** From now on it takes whatever comes. */
  mend(): void;
  close(): void;
}

interface Reply {
  readonly bytes: Buffer | "sound";
  readonly waitMs: number;
  readonly next: "go_on" | "end" | "reset" | "never";
}

const odd = fc.oneof(
  fc
    .constantFrom(
      "250\r\n",
      "250 \u0000\u0000\u0000\r\n",
      "25\r\n",
      "-1 no\r\n",
      "99999999999999999999 big\r\n",
      "421 closing\r\n",
      "450 later\r\n",
      "554 5.7.1 <\u0000\ud800> never\r\n",
      "354 go on\r\n",
      "250-\r\n250-\r\n",
      "\r\n\r\n\r\n",
      "334 VXNlcm5hbWU6\r\n",
      "250-AUTH PLAIN\r\n250-STARTTLS\r\n250-SIZE 1\r\n250 SMTPUTF8\r\n",
      "x".repeat(1_000_000),
      `550 ${"y".repeat(100_000)}\r\n`,
      "250-more\r\n".repeat(10_000),
    )
    .map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 400 }).map(Buffer.from),
  fc.integer({ min: 100, max: 999 }).map((code) => Buffer.from(`${code} ${code}\r\n`)),
);
const reply: fc.Arbitrary<Reply> = fc.record({
  bytes: fc.oneof({ weight: 4, arbitrary: fc.constant("sound" as const) }, { weight: 1, arbitrary: odd }),
  waitMs: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(400) }),
  next: fc.oneof(
    { weight: 9, arbitrary: fc.constant("go_on" as const) },
    { weight: 1, arbitrary: fc.constantFrom<Reply["next"]>("end", "reset", "never") },
  ),
});
/** The first is the greeting. */
const conversation = fc.array(reply, { minLength: 1, maxLength: 12 });
const SOUND: Reply = { bytes: "sound", waitMs: 0, next: "go_on" };

export async function startOddMailServer(seed: number, count = 400): Promise<OddMailServer> {
  const conversations = fc.sample(conversation, { seed, numRuns: count });
  const sockets = new Set<Socket>();
  let next = 0;
  let isMended = false;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    const replies = isMended ? [] : (conversations[next++ % conversations.length] ?? []);
    talk(socket, (turn) => (isMended ? SOUND : (replies[turn] ?? SOUND)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    mend() {
      isMended = true;
      for (const socket of sockets) socket.destroy();
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function talk(socket: Socket, replyOf: (turn: number) => Reply): void {
  let turn = 0;
  let saying = Promise.resolve();
  let inData = false;
  let rest = "";

  const say = (sound: string): void => {
    const { bytes, waitMs, next } = replyOf(turn++);
    saying = saying.then(async () => {
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      if (socket.destroyed || next === "never") return;
      socket.write(bytes === "sound" ? sound : bytes);
      if (next === "end") socket.end();
      if (next === "reset") socket.resetAndDestroy();
    });
  };
  /** What a sound server would say; undefined while a message comes. */
  const soundFor = (line: string): string | undefined => {
    const command = line.slice(0, 4).toUpperCase();
    if (inData && line !== ".") return undefined;
    const wasInData = inData;
    inData = !inData && command === "DATA";
    if (wasInData) return "250 stored\r\n";
    if (inData) return "354 go on\r\n";
    return command === "QUIT" ? "221 bye\r\n" : "250 fine\r\n";
  };
  socket.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString("latin1")).split("\r\n");
    rest = lines.pop() ?? "";
    for (const sound of lines.map(soundFor)) if (sound !== undefined) say(sound);
  });
  say("220 here\r\n");
}
