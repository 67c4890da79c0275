import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createChildren } from "../children/children.ts";
import { temporaryDataFolder } from "../fixtures/launched.ts";
import { prepareEventStore } from "./eventstore.ts";
import type { Part } from "./part.ts";
import { startPart } from "./start-part.ts";

const test = suite("starting a part");
const dataDir = temporaryDataFolder();
const said: string[] = [];
const say = (line: string): void => void said.push(line);
const children = createChildren({ dataDir, env: process.env, owner: true, say, onGiveUp: () => undefined });
const stops: (() => Promise<void>)[] = [];
const others: Server[] = [];
test.before.each(() => void said.splice(0));
test.after(async () => {
  await Promise.all(stops.map((stop) => stop()));
  for (const other of others) other.close();
  children.close();
});

/** Somebody else is quicker to listen there the first time, as a second yard that is started at the same moment. */
async function takenOnce(): Promise<Part> {
  const part = await prepareEventStore(dataDir, process.env);
  if (others.length === 0) {
    const other = createServer().listen(part.port, "127.0.0.1");
    others.push(other);
    await once(other, "listening");
  }
  return part;
}

test("where another program has taken its port meanwhile it gets another one", async () => {
  const part = await startPart(takenOnce, { children, stops, say });
  const [other] = others;
  const address = other?.address();
  assert.ok(typeof address === "object" && address !== null && address.port !== part.port);
  assert.match(part.url, `127.0.0.1:${part.port}?`);
  assert.equal(
    said.filter((line) => line.includes("goes elsewhere")),
    [`event store goes elsewhere, since another program took port ${address.port} meanwhile`],
  );
});

test("is not started any more once it was stopped, which may be while it is prepared", async () => {
  const started: string[] = [];
  const stoppedMeanwhile = async (): Promise<Part> => {
    const part = await prepareEventStore(temporaryDataFolder(), process.env);
    await stops.at(-1)?.();
    return part;
  };
  const watched: Pick<typeof children, "start"> = {
    start(command) {
      started.push(command.name);
      return children.start(command);
    },
  };
  await startPart(stoppedMeanwhile, { children: watched, stops, say }).then(
    () => assert.unreachable(),
    ({ message }) => assert.is(message, "event store was stopped."),
  );
  assert.equal(started, []);
});

test("what fails for another reason is told at once", async () => {
  let prepared = 0;
  const broken = async (): Promise<Part> => {
    prepared += 1;
    const { command, ...part } = await prepareEventStore(temporaryDataFolder(), process.env);
    return { ...part, command: { ...command, args: [...command.args, "--no-such-option"] } };
  };
  await startPart(broken, { children, stops, say }).then(
    () => assert.unreachable(),
    ({ message }) => assert.match(message, "event store ended with code"),
  );
  assert.equal([prepared, said.filter((line) => line.includes("goes elsewhere"))], [1, []]);
});

test.run();
