// npm run replay beside an npm start that is not ready yet.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { removeEndpoints, writeEndpoints } from "#platform/endpoints.ts";
import { someEndpoints } from "#platform/fixtures/endpoints.ts";
import { until } from "../../../test/harness/wait.ts";
import { openDataFolder } from "../data-folder.ts";
import { temporaryDataFolder } from "../fixtures/launched.ts";
import { reachYard } from "./reach.ts";

const test = suite("reaching a yard");

test("a yard that is still starting is waited for, and nothing is left beside it", async () => {
  const dataDir = temporaryDataFolder();
  const folder = openDataFolder(dataDir);
  const said: string[] = [];
  const { log } = console;
  console.log = (line: string) => said.push(line);
  try {
    const reached = reachYard({ ...process.env, DATA_DIR: dataDir, PORT: "0" });
    await until("it is seen that none runs", () => said.length > 0);
    const endpoints = { ...someEndpoints, pid: process.pid };
    writeEndpoints(dataDir, endpoints);
    const { url, leave } = await reached;
    assert.is(url, endpoints.http_url);
    await leave();
  } finally {
    console.log = log;
    removeEndpoints(dataDir);
    folder.close();
  }
});

test.run();
