import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { until } from "../../../test/harness/wait.ts";
import { connectionLimits, limitConnections, openFilesAllowed } from "./connections.ts";

const test = suite("connections");
const servers: Server[] = [];
const sockets: Socket[] = [];
test.after(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
});

async function serverWith(limits: { connections: number; silent: number }): Promise<number> {
  const server = createServer((_request, response) => response.end("heard"));
  servers.push(server);
  limitConnections(server, limits);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

interface Line {
  readonly socket: Socket;
  readonly isOpen: () => boolean;
  readonly heard: () => number;
}

async function dial(port: number): Promise<Line> {
  let [text, open] = ["", true];
  const socket = connect(port, "127.0.0.1")
    .on("error", () => undefined)
    .on("close", () => {
      open = false;
    })
    .on("data", (bytes) => {
      text += bytes.toString();
    });
  sockets.push(socket);
  await new Promise((resolve) => socket.once("connect", resolve));
  return { socket, isOpen: () => open, heard: () => text.split("heard").length - 1 };
}

const ask = ({ socket }: Line) => socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");

test("those that say nothing make room for new ones, the oldest first, and who has spoken stays", async () => {
  const port = await serverWith({ connections: 20, silent: 10 });
  const spoken = await dial(port);
  ask(spoken);
  await until("it is answered", () => spoken.heard() === 1);
  const begun = await dial(port);
  begun.socket.write("GET / HTTP/1.1\r\n");
  await until("its beginning is there", () => begun.socket.bytesWritten > 0);
  const silent: Line[] = [];
  for (let n = 0; n < 100; n += 1) silent.push(await dial(port));
  await until("the first are gone", () => silent.slice(0, 90).every((one) => !one.isOpen()));
  assert.ok(silent.slice(90).every((one) => one.isOpen()));
  ask(spoken);
  await until("who has spoken is answered again", () => spoken.heard() === 2);
  begun.socket.write("host: x\r\n\r\n");
  await until("so is who was in the middle", () => begun.heard() === 1);
  const late = await dial(port);
  ask(late);
  await until("and who comes now", () => late.heard() === 1);
});

test("a limit of open files that is too low is told with what is needed, and leaves some for everything else", () => {
  const told: object[] = [];
  const log = { warn: (...words: unknown[]) => void told.push(words as object) };
  assert.equal(connectionLimits(1_024, log as never), { connections: 524, silent: 419 });
  assert.match(JSON.stringify(told), /"open_files":1024,"needed":25500,"connections":524/);
  assert.match(JSON.stringify(told), /limit of open files is too low.*ulimit -n/);
  assert.is(connectionLimits(10, log as never).connections, 1);
  told.length = 0;
  for (const enough of [25_500, 1_048_576, undefined])
    assert.equal(connectionLimits(enough, log as never), { connections: 25_000, silent: 20_000 });
  assert.equal(told, []);
  assert.ok((openFilesAllowed() ?? 0) > 0);
});

test.run();
