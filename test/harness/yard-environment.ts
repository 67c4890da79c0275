// What a process of ours needs to join the yard of a test.
import type { Config } from "#platform/config.ts";
import { temporaryFolder } from "../eventstore/server.ts";

type Joined = Required<Pick<Config, "natsUrl" | "eventstoreUrl" | "databaseUrl" | "masterKey">>;

/** It lets the system choose its port, and has a data folder of its own. */
export const yardEnvironment = ({ natsUrl, eventstoreUrl, databaseUrl, masterKey }: Joined) => ({
  NATS_URL: natsUrl,
  EVENTSTORE_URL: eventstoreUrl,
  DATABASE_URL: databaseUrl,
  MASTER_KEY: masterKey.toString("base64"),
  ADMIN_TOKEN: "a-token-for-this-test",
  ALLOW_PRIVATE_PARTNERS: "true",
  PORT: "0",
  DATA_DIR: temporaryFolder("process-"),
});
