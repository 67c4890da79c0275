import { suite } from "uvu";
import * as assert from "uvu/assert";
import { given as givenEvents } from "../fixtures/given.ts";
import { SourceId } from "../ids.ts";
import { type SourceEvent, SourceSettings } from "./events.ts";
import { type SourceCommand, sourceConfiguration } from "./source.ts";

const test = suite("source");

const source = SourceId.parse("site");
const settings = SourceSettings.parse({ name: "A site" });
const sealed = { key: "secrets", iv: "", tag: "", data: "" };

const configured: SourceEvent = { type: "SourceConfigured", data: { source, settings } };
const removed: SourceEvent = { type: "SourceRemoved", data: { source } };
const added = (secret_id: string): SourceEvent => ({
  type: "SourceSecretAdded",
  data: { source, secret_id, sealed },
});
const secretRemoved = (secret_id: string): SourceEvent => ({
  type: "SourceSecretRemoved",
  data: { source, secret_id },
});

const configure: SourceCommand = { type: "configure", source, settings };
const remove: SourceCommand = { type: "remove", source };
const add = (secret_id: string): SourceCommand => ({ type: "add_secret", source, secret_id, sealed });
const removeSecret = (secret_id: string): SourceCommand => ({ type: "remove_secret", source, secret_id });

const given = (...events: SourceEvent[]) => {
  const { state, when } = givenEvents(sourceConfiguration, ...events);
  return {
    when: (command: SourceCommand) => {
      const made = when(command);
      return { gives: made.then, refused: made.thenRefused };
    },
    secrets: () => [...(state.get(source)?.secrets.keys() ?? [])],
  };
};

test("is configured, also again", () => {
  given().when(configure).gives(configured);
  given(configured).when(configure).gives(configured);
});

test("has several secrets while they rotate", () => {
  given(configured, added("a")).when(add("b")).gives(added("b"));
  given(configured, added("a"), added("b")).when(removeSecret("a")).gives(secretRemoved("a"));
  assert.equal(given(configured, added("a"), added("b"), secretRemoved("a")).secrets(), ["b"]);
});

test("keeps its secrets when it is configured again", () => {
  assert.equal(given(configured, added("a"), configured).secrets(), ["a"]);
});

test("has never more secrets than a rotation needs", () => {
  const many = ["a", "b", "c", "d", "e", "f", "g", "h"].map(added);
  given(configured, ...many)
    .when(add("i"))
    .refused("too_many_secrets");
});

test("before it is configured and after it is removed there is nothing to change", () => {
  for (const command of [remove, add("a"), removeSecret("a")]) {
    given().when(command).refused("no_such_source");
    given(configured, added("a"), removed).when(command).refused("no_such_source");
  }
});

test("does not remember its old secrets when it comes back", () => {
  assert.equal(given(configured, added("a"), removed, configured).secrets(), []);
});

test("an unknown secret can't be removed", () => {
  given(configured, added("a")).when(removeSecret("b")).refused("no_such_secret");
});

test.run();
