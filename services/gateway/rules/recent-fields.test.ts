import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Lead, LeadQueries } from "#projections/leads/query.ts";
import { createRecentFields } from "./recent-fields.ts";

const test = suite("fields that rules can ask for");

const withPayload = (payload: unknown): Lead => ({ payload }) as Lead;

test("they are those that a kind names and those of the newest submissions, read once in a while", async () => {
  let [time, reads] = [0, 0];
  const list: LeadQueries["list"] = async ({ limit }) => {
    reads += 1;
    assert.is(limit, 200);
    return { items: [withPayload({ budget: { max: 5 } }), withPayload(null)] };
  };
  const recent = createRecentFields({ list }, () => time);
  const { known, submissions } = await recent();
  assert.is(submissions, 2);
  for (const field of ["interest", "email", "topic", "consent.text", "budget", "budget.max"])
    assert.ok(known.has(field), field);
  assert.not.ok(known.has("intrest"));
  await recent();
  assert.is(reads, 1);
  time = 30_000;
  await recent();
  assert.is(reads, 2);
});

test("what could not be read is read again", async () => {
  let reads = 0;
  const list: LeadQueries["list"] = async () => {
    reads += 1;
    if (reads === 1) throw new Error("the database is away");
    return { items: [] };
  };
  const recent = createRecentFields({ list });
  const failed = await recent().then(
    () => false,
    () => true,
  );
  assert.ok(failed);
  assert.is((await recent()).submissions, 0);
});

test.run();
