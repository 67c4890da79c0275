// Checking a password takes a while: what becomes of whoever is let in by one that is replaced meanwhile.
import * as assert from "uvu/assert";
import { ADMIN_TOKEN } from "../../../test/gateway/gateway.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";
import { Refused } from "../refusal.ts";
import { createIdentify } from "./identify.ts";
import { hashPassword } from "./passwords.ts";
import type { Person } from "./person.ts";
import { createRecorder, type Recorder } from "./record.ts";
import { createSignIn } from "./sign-in.ts";

const { test, yard } = await gatewaySuite("passwords that are replaced");

const [OLD, NEW, OTHER] = ["seven red freight cars", "eight blue tank wagons", "nine green box cars"];
const database = yard.database();
const { log, lifecycle } = yard;
const recorder = createRecorder({ database, eventStore: yard.eventStore(), log, lifecycle });
const identify = await createIdentify({ database, adminToken: ADMIN_TOKEN, recorder, lifecycle, log });
const parts = { database, identify, adminToken: ADMIN_TOKEN };
const signIn = createSignIn({ ...parts, recorder });

/** Signing in where this happens once the password is checked, and before anything is stored. */
function overtakenBy(meanwhile: () => Promise<unknown>) {
  const commit: Recorder["commit"] = async (work) => {
    await meanwhile();
    return recorder.commit(work);
  };
  return createSignIn({ ...parts, recorder: { ...recorder, commit } });
}

async function linkFor(id: string): Promise<string> {
  const { body } = await yard.admin("POST", `/api/users/${id}/setup`);
  return new URL(body.setup_url).hash.slice(1);
}

async function userWith(name: string, password: string): Promise<Person & { readonly id: string }> {
  const { body } = await yard.admin("POST", "/api/users", { name, role: "operator" });
  const { person } = await signIn.bySetUp({ token: await linkFor(body.id), password }, undefined);
  const { session: _, ...who } = person;
  return { ...who, id: body.id };
}

const refusedAs = (reason: string) => (error: Error) =>
  error instanceof Refused && error.refusal.reason === reason;

async function fails(work: Promise<unknown>, expected: (error: Error) => boolean): Promise<void> {
  const error = await work.then(
    () => new Error("it was done"),
    (error: Error) => error,
  );
  assert.ok(expected(error), `${error}`);
}

test("nobody comes in by a password that was replaced while it was checked", async () => {
  const ida = await userWith("Ida", OLD);
  const token = await linkFor(ida.id);
  const overtaken = overtakenBy(() => signIn.bySetUp({ token, password: NEW }, undefined));
  await fails(overtaken.byPassword("Ida", OLD, "whoever knew the old one"), refusedAs("wrong_credentials"));
  const sessions = await signIn.sessions(ida);
  assert.equal(
    sessions.map(({ user_agent }) => user_agent),
    [null],
    "but for the one of whoever replaced it",
  );
  assert.is((await signIn.byPassword("Ida", NEW, undefined)).person.name, "Ida");
});

test("whoever signs in twice at once comes in twice, also where the first has the password hashed anew", async () => {
  const { id } = await userWith("Eli", OLD);
  const hashed = await hashPassword(OLD);
  const anew = "update access.users set password = $2 where id = $1";
  const overtaken = overtakenBy(() => database.execute(anew, [id, hashed]));
  assert.is((await overtaken.byPassword("Eli", OLD, undefined)).person.name, "Eli");
});

test("nor does whoever knew it replace the new one", async () => {
  const ole = await userWith("Ole", OLD);
  const token = await linkFor(ole.id);
  const overtaken = overtakenBy(() => signIn.bySetUp({ token, password: NEW }, undefined));
  await fails(overtaken.changePassword(ole, { current: OLD, password: OTHER }), refusedAs("unacceptable"));
  await fails(signIn.byPassword("Ole", OTHER, undefined), refusedAs("wrong_credentials"));
  assert.is((await signIn.byPassword("Ole", NEW, undefined)).person.name, "Ole");
});

test("nobody who was removed meanwhile comes in either", async () => {
  const { id } = await userWith("Una", OLD);
  const overtaken = overtakenBy(() => yard.admin("DELETE", `/api/users/${id}`));
  await fails(overtaken.byPassword("Una", OLD, undefined), refusedAs("wrong_credentials"));
});

test.run();
