import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventStoreDBClient } from "@eventstore/db-client";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkEventStoreUrl } from "./address.ts";

const address = suite("event store address");
const folder = mkdtempSync(join(tmpdir(), "address-"));
const certificate = join(folder, "a certificate & more.crt");
writeFileSync(certificate, "");
address.after(() => rmSync(folder, { recursive: true }));

const GOOD = [
  "esdb://127.0.0.1:2113?tls=false",
  "esdb+discover://yard:p%40ss@one.example,two.example:2114?nodePreference=leader&default_deadline=30000",
  `esdb://yard:pass@localhost:2113/?tls=true&tlsCAFile=${encodeURIComponent(certificate)}`,
];
const BAD: readonly (readonly [url: string, why: string])[] = [
  ["http://yard:hush@one", "form"],
  ["esdb://yard:hush@", "form"],
  ["esdb://yard:hu:sh@one", "form"],
  ["esdb://yard:hush@one:port", "form"],
  ["esdb://yard:hush@one?tls=maybe", "tls "],
  ["esdb://yard:hush@one?tlsVerifyCert=false", "tlsverifycert"],
  ["esdb://yard:hush@one?tls=true&certainty=hush", "options"],
  ["esdb://yard:hush@one?tlsCAFile=/nowhere/ca.crt", "/nowhere/ca.crt, which can't be read"],
];

address("is what the client takes", async () => {
  for (const url of GOOD) {
    checkEventStoreUrl(url);
    await EventStoreDBClient.connectionString(url).dispose();
  }
});

address("is refused with what is wrong, and without repeating the password", () => {
  for (const [url, why] of BAD)
    assert.throws(
      () => checkEventStoreUrl(url),
      ({ message }: Error) => message.includes(why) && !message.includes("hush"),
      url,
    );
});

address.run();
