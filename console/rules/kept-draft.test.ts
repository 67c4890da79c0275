import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Rule } from "../api/shapes.ts";
import type { Draft } from "./draft.ts";
import { type DraftView, type Kept, type KeptDraft, keepDraft } from "./kept-draft.ts";

const test = suite("a draft that the server keeps");

const PACE = { quietMs: 1, retryMs: 1 };
const base = { version: 1, rules: [] };
const draftOf = (...names: string[]): Draft => ({ base, rules: names.map((name) => ({ name }) as Rule) });
const namesIn = ({ draft }: { readonly draft: Draft | undefined }) => draft?.rules.map(({ name }) => name);

class Away extends Error {}
class Refusing extends Error {}

/** A server that several browsers ask, and that can be away. */
function fakeServer() {
  const server = { revision: null as string | null, draft: undefined as Draft | undefined, saves: 0 };
  const how = { fails: undefined as Error | undefined, losesAnswers: false };
  const remote = {
    async read(): Promise<Kept> {
      if (how.fails) throw how.fails;
      return { revision: server.revision, draft: server.draft };
    },
    async save(draft: Draft | undefined, follows: string | null) {
      if (how.fails) throw how.fails;
      if (follows !== server.revision) return "moved" as const;
      server.saves += 1;
      server.draft = draft;
      server.revision = draft === undefined ? null : `revision ${server.saves}`;
      if (how.losesAnswers) throw new Away();
      return server.revision;
    },
    isRefusal: (error: unknown) => error instanceof Refusing,
  };
  return { server, how, remote };
}

function storage() {
  const kept = { now: undefined as Kept | undefined };
  return {
    kept,
    read: () => kept.now,
    write(next: Kept | undefined) {
      kept.now = next;
    },
  };
}

const reached = (kept: KeptDraft, is: (view: DraftView) => boolean): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => {
      if (!is(kept.current())) return;
      forget();
      resolve();
    };
    const forget = kept.subscribe(look);
    look();
  });
const reachedState = (kept: KeptDraft, wanted: DraftView["state"]["is"]): Promise<void> =>
  reached(kept, ({ state }) => state.is === wanted);

async function browser(remote: ReturnType<typeof fakeServer>["remote"], local = storage()) {
  const kept = keepDraft(remote, local, PACE);
  const close = kept.open();
  await reached(kept, ({ state }) => state.is !== "loading");
  return { kept, local, close };
}

test("what is changed in one browser is there in another, and nothing is left in the first one", async () => {
  const { remote } = fakeServer();
  const one = await browser(remote);
  one.kept.change(draftOf("a"));
  assert.equal(namesIn(one.local.kept.now ?? { draft: undefined }), ["a"], "kept here until it is saved");
  await reachedState(one.kept, "saved");
  assert.is(one.local.kept.now, undefined);
  const other = await browser(remote);
  assert.equal(namesIn(other.kept.current()), ["a"]);
  other.kept.change(draftOf("a", "b"));
  await reachedState(other.kept, "saved");
  await one.kept.refresh();
  assert.equal(namesIn(one.kept.current()), ["a", "b"]);
  for (const { close } of [one, other]) close();
});

test("many changes are few saves, and the last of them is what is kept", async () => {
  const { server, remote } = fakeServer();
  const { kept, close } = await browser(remote);
  for (let n = 0; n < 50; n += 1) kept.change(draftOf(`${n}`));
  await reachedState(kept, "saved");
  assert.equal([server.draft?.rules[0]?.name, server.saves], ["49", 1]);
  close();
});

test("without the server the draft stands in the browser, through a reload, and is saved later", async () => {
  const { server, how, remote } = fakeServer();
  const first = await browser(remote);
  how.fails = new Away();
  first.kept.change(draftOf("a"));
  await reachedState(first.kept, "unsaved");
  first.close();
  const again = await browser(remote, first.local);
  assert.equal(namesIn(again.kept.current()), ["a"]);
  how.fails = undefined;
  await reachedState(again.kept, "saved");
  assert.equal([server.draft?.rules[0]?.name, again.local.kept.now], ["a", undefined]);
  again.close();
});

test("what the server refuses is not sent again by itself, but with the next change", async () => {
  const { server, how, remote } = fakeServer();
  const { kept, close } = await browser(remote);
  how.fails = new Refusing();
  kept.change(draftOf("a"));
  await reachedState(kept, "unsaved");
  how.fails = undefined;
  kept.change(draftOf("b"));
  await reachedState(kept, "saved");
  assert.equal([server.draft?.rules[0]?.name, server.saves], ["b", 1]);
  close();
});

test("of two that change it at once, the later is asked which one stays", async () => {
  for (const choice of ["keepMine", "takeTheirs"] as const) {
    const { server, remote } = fakeServer();
    const [one, other] = [await browser(remote), await browser(remote)];
    one.kept.change(draftOf("one"));
    await reachedState(one.kept, "saved");
    other.kept.change(draftOf("other"));
    await reachedState(other.kept, "moved");
    other.kept.change(draftOf("other", "more"));
    assert.is(other.kept.current().state.is, "moved", "going on does not choose");
    assert.equal(server.draft?.rules[0]?.name, "one", "nothing is overwritten");
    other.kept[choice]();
    await reachedState(other.kept, "saved");
    const chosen = choice === "keepMine" ? ["other", "more"] : ["one"];
    assert.equal([namesIn(other.kept.current()), namesIn(server)], [chosen, chosen]);
    assert.is(other.local.kept.now, undefined);
    for (const { close } of [one, other]) close();
  }
});

test("a save whose answer was lost is no other draft", async () => {
  const { how, server, remote } = fakeServer();
  const { kept, close } = await browser(remote);
  how.losesAnswers = true;
  kept.change(draftOf("a"));
  await reachedState(kept, "unsaved");
  how.losesAnswers = false;
  await reachedState(kept, "saved");
  assert.equal([namesIn(kept.current()), server.saves], [["a"], 1]);
  close();
});

test("what is discarded is gone everywhere, and whoever still changes it is asked", async () => {
  const { server, remote } = fakeServer();
  const one = await browser(remote);
  one.kept.change(draftOf("a"));
  await reachedState(one.kept, "saved");
  const other = await browser(remote);
  one.kept.change(undefined);
  await reachedState(one.kept, "saved");
  assert.equal([server.draft, server.revision], [undefined, null]);
  other.kept.change(draftOf("a", "b"));
  await reachedState(other.kept, "moved");
  other.kept.keepMine();
  await reachedState(other.kept, "saved");
  assert.equal(namesIn(server), ["a", "b"]);
  for (const { close } of [one, other]) close();
});

/** The next read, or save, is answered when the test says so. */
function slow(remote: ReturnType<typeof fakeServer>["remote"], what: "read" | "save") {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const usual = remote[what] as (...given: unknown[]) => Promise<never>;
  const slowed = async (...given: unknown[]): Promise<never> => {
    Object.assign(remote, { [what]: usual });
    asked.resolve();
    await answer.promise;
    return usual(...given);
  };
  Object.assign(remote, { [what]: slowed });
  return { asked: asked.promise, answer };
}
/** Of timers that are as long, the one that was set first is over first. */
const afterQuiet = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PACE.quietMs));

test("what is changed while a reading fails is saved", async () => {
  const { server, remote } = fakeServer();
  const { kept, close } = await browser(remote);
  const { asked, answer } = slow(remote, "read");
  const refreshing = kept.refresh();
  await asked;
  kept.change(draftOf("a"));
  await afterQuiet();
  answer.reject(new Away());
  await refreshing;
  await reachedState(kept, "saved");
  assert.is(server.draft?.rules[0]?.name, "a");
  close();
});

test("what is begun while the one before is discarded stays", async () => {
  const { server, remote } = fakeServer();
  const { kept, close } = await browser(remote);
  kept.change(draftOf("a"));
  await reachedState(kept, "saved");
  const { asked, answer } = slow(remote, "save");
  const discarding = kept.discard();
  await asked;
  kept.change(draftOf("b"));
  answer.resolve();
  await discarding;
  await reachedState(kept, "saved");
  assert.equal([namesIn(kept.current()), server.draft?.rules[0]?.name], [["b"], "b"]);
  close();
});

test("what is discarded while it is being saved is gone from the server when that is said", async () => {
  const { server, remote } = fakeServer();
  const { kept, close } = await browser(remote);
  const { asked, answer } = slow(remote, "save");
  kept.change(draftOf("a"));
  await asked;
  const discarding = kept.discard();
  answer.resolve();
  await discarding;
  assert.equal(
    [server.draft, kept.current().draft, kept.current().state.is],
    [undefined, undefined, "saved"],
  );
  close();
});

test("where another browser has one too, that one is what is left when this one is discarded", async () => {
  const { server, remote } = fakeServer();
  const [one, other] = [await browser(remote), await browser(remote)];
  one.kept.change(draftOf("a"));
  await reachedState(one.kept, "saved");
  other.kept.change(draftOf("b"));
  await reachedState(other.kept, "moved");
  await other.kept.discard();
  assert.equal([namesIn(other.kept.current()), server.draft?.rules[0]?.name], [["a"], "a"]);
  for (const { close } of [one, other]) close();
});

test.run();
