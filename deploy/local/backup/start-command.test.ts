import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startCommand } from "./start-command.ts";

const test = suite("how a restored yard is started");

test("with the folder and the files that the restore was given, and without showing a secret", () => {
  assert.is(startCommand({}), "npm start");
  assert.is(
    startCommand({ DATA_DIR: "/data/two", MASTER_KEY_FILE: "/safe/key", PORT: "1" }),
    "DATA_DIR=/data/two MASTER_KEY_FILE=/safe/key npm start",
  );
  assert.is(
    startCommand({ DATA_DIR: "/my data", MASTER_KEY: "c2VjcmV0", DATABASE_URL: "postgres://me:secret@db/x" }),
    "DATA_DIR='/my data' MASTER_KEY=… DATABASE_URL=… npm start",
  );
  assert.is(startCommand({ DATA_DIR: "/it's" }), "DATA_DIR='/it'\\''s' npm start");
});

test.run();
