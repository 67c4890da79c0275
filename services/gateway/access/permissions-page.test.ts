// docs/permissions.md is the table for people. `UPDATE=1` before this test writes it anew.
import { readFileSync, writeFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { permissionsPage } from "./permissions-page.ts";

const test = suite("the page of permissions");
const file = new URL("../../../docs/permissions.md", import.meta.url);

test("says what the table says", () => {
  if (process.env.UPDATE === "1") writeFileSync(file, permissionsPage());
  assert.is(readFileSync(file, "utf8"), permissionsPage());
});

test.run();
