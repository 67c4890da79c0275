// Who may come in and what they are: everything that the gateway keeps and knows of people and tokens.
import { startStep } from "#platform/start-step.ts";
import type { Yard } from "#platform/yard.ts";
import { createIdentify, type Identify } from "./identify.ts";
import { createRecorder, type Recorder } from "./record.ts";
import { migrateAccess } from "./schema.ts";
import { createSignIn, type SignIn } from "./sign-in.ts";
import { createTokens, type Tokens } from "./tokens.ts";
import { createUsers, type Users } from "./users.ts";

export interface Access {
  readonly identify: Identify;
  readonly recorder: Recorder;
  readonly signIn: SignIn;
  readonly users: Users;
  readonly tokens: Tokens;
}

export async function openAccess(yard: Yard): Promise<Access> {
  const { config, lifecycle, log } = yard;
  const { adminToken } = config;
  const database = yard.database();
  await startStep(yard, "access", () => migrateAccess(database));
  const recorder = createRecorder({ database, eventStore: yard.eventStore(), log, lifecycle });
  const identify = await createIdentify({ database, adminToken, recorder, lifecycle, log });
  return {
    identify,
    recorder,
    signIn: createSignIn({ database, recorder, identify, adminToken }),
    users: createUsers(database, recorder),
    tokens: createTokens(database, recorder),
  };
}
