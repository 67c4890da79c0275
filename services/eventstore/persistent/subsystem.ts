// All groups of the server: created, changed and deleted one at a time; woken by commits and by the clock.
import type { Refusal } from "../protocol/refusals.ts";
import { invalidArgument } from "../protocol/refusals.ts";
import { readDefinitions, recordDefined, recordDeleted } from "./configuration.ts";
import { eraseLedger } from "./ledger.ts";
import { alreadyExists, doesNotExist, dropped } from "./refusals.ts";
import type { Surroundings } from "./running-group.ts";
import { RunningGroup } from "./running-group.ts";
import type { Definition, GroupName, Settings, SourceFilter, StartFrom } from "./settings.ts";
import { keyOf } from "./settings.ts";
import { openSource } from "./source.ts";

export interface Wish extends GroupName {
  readonly settings: Settings;
  readonly startFrom: StartFrom;
  readonly filter: SourceFilter | undefined;
}

/** How exactly message timeouts and checkpoint intervals are kept. */
const TICK_MS = 50;

export class Subsystem {
  readonly #surroundings: Surroundings;
  readonly #groups = new Map<string, RunningGroup>();
  readonly #ticking: NodeJS.Timeout;
  readonly #stopListening: () => void;
  #lastChange: Promise<unknown> = Promise.resolve();
  #wakeIsDue = false;
  #closed: Refusal | undefined;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
    this.#startAll();
    this.#stopListening = surroundings.log.onCommit(() => this.#wakeSoon());
    this.#ticking = setInterval(() => {
      for (const group of this.#groups.values()) group.tick();
    }, TICK_MS).unref();
  }

  create(wish: Wish): Promise<void> {
    return this.#change(async () => {
      assertNameable(wish);
      if (this.#groups.has(keyOf(wish))) throw alreadyExists(wish);
      const definition = this.#define(wish);
      const { log } = this.#surroundings;
      // A deletion that was cut short may have left what an earlier group of this name kept.
      await eraseLedger(log, wish);
      await recordDefined(log, definition);
      this.#start(definition);
    });
  }

  update(wish: Wish): Promise<void> {
    return this.#change(async () => {
      const old = this.find(wish);
      const definition = this.#define({ ...wish, filter: old.definition.filter });
      await recordDefined(this.#surroundings.log, definition);
      await old.stop(dropped(wish));
      this.#start(definition);
    });
  }

  delete(name: GroupName): Promise<void> {
    return this.#change(async () => {
      const group = this.find(name);
      await recordDeleted(this.#surroundings.log, name);
      this.#groups.delete(keyOf(name));
      await group.stop(dropped(name));
      await eraseLedger(this.#surroundings.log, name);
    });
  }

  /** Drops every consumer and begins again from what is on disk. */
  restart(): Promise<void> {
    return this.#change(async () => {
      await this.#stopAll(dropped);
      this.#startAll();
    });
  }

  /** Throws a refusal where there is no such group. */
  find(name: GroupName): RunningGroup {
    if (this.#closed) throw this.#closed;
    const group = this.#groups.get(keyOf(name));
    if (!group) throw doesNotExist(name);
    return group;
  }

  list(source?: string): RunningGroup[] {
    const groups = [...this.#groups.values()];
    if (source === undefined) return groups;
    const found = groups.filter(({ definition }) => definition.source === source);
    if (found.length === 0) throw doesNotExist({ source, group: "" });
    return found;
  }

  /** Writes down how far every group has come. The log must still be open. */
  async close(why: Refusal): Promise<void> {
    this.#closed = why;
    clearInterval(this.#ticking);
    this.#stopListening();
    await this.#lastChange;
    await this.#stopAll(() => why);
  }

  #define(wish: Wish): Definition {
    const { startFrom } = wish;
    // Compiling the filter here refuses one that makes no sense.
    const draft = { ...wish, resumeAfter: -1n };
    const last = openSource(this.#surroundings.log, draft).last();
    if (startFrom === "start") return draft;
    return { ...wish, resumeAfter: startFrom === "end" ? last : startFrom - 1n };
  }

  #startAll(): void {
    const { log, logger } = this.#surroundings;
    for (const definition of readDefinitions(log, logger)) this.#start(definition);
  }

  #start(definition: Definition): void {
    this.#groups.set(keyOf(definition), new RunningGroup(definition, this.#surroundings));
  }

  async #stopAll(why: (name: GroupName) => Refusal): Promise<void> {
    const groups = [...this.#groups.values()];
    this.#groups.clear();
    await Promise.all(groups.map((group) => group.stop(why(group.definition))));
  }

  #change(change: () => Promise<void>): Promise<void> {
    const changed = this.#lastChange.then(() => {
      if (this.#closed) throw this.#closed;
      return change();
    });
    this.#lastChange = changed.catch(() => {});
    return changed;
  }

  /** Once a turn, however many commits it held. */
  #wakeSoon(): void {
    if (this.#wakeIsDue) return;
    this.#wakeIsDue = true;
    setImmediate(() => {
      this.#wakeIsDue = false;
      for (const group of this.#groups.values()) group.wake();
    });
  }
}

/** A group's streams are named `<source>::<group>`, which must be readable one way only. */
function assertNameable({ source, group }: GroupName): void {
  if (source === "") throw invalidArgument("A persistent subscription needs the name of a stream, or $all.");
  if (group === "") throw invalidArgument("A persistent subscription needs the name of a group.");
  if (group.includes("::") || group.startsWith(":"))
    throw invalidArgument("The name of a group can't begin with ':' nor contain '::'.");
}
