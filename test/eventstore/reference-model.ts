// A small model of EventStoreDB's rules, in memory and without regard to speed, with which the server is compared.

export type Expectation = "any" | "no_stream" | "stream_exists" | bigint;

export interface Settings {
  readonly maxCount?: number;
  readonly truncateBefore?: number;
}

/** `ids` are all events, also those that a read hides. */
interface Stream {
  ids: string[];
  settings: Settings;
  metadataWrites: number;
  life: "live" | "deleted" | "tombstoned";
}

export type Outcome =
  | { readonly outcome: "done"; readonly revision: bigint }
  | { readonly outcome: "wrong"; readonly actual: bigint | "no_stream" }
  | { readonly outcome: "deleted" };

export type Reading =
  | { readonly outcome: "read"; readonly ids: string[] }
  | { readonly outcome: "missing" | "deleted" };

export class ReferenceModel {
  readonly #streams = new Map<string, Stream>();
  /** Streams in the order in which $all has their events. */
  readonly all: string[] = [];

  #stream(name: string): Stream {
    const fresh: Stream = { ids: [], settings: {}, metadataWrites: 0, life: "live" };
    const stream = this.#streams.get(name) ?? fresh;
    this.#streams.set(name, stream);
    return stream;
  }

  append(name: string, expected: Expectation, ids: readonly string[]): Outcome {
    const stream = this.#stream(name);
    const failed = this.#check(stream, expected);
    if (failed?.outcome === "deleted") return failed;
    const repeated = this.#repeat(stream, expected, ids);
    if (repeated !== undefined) return repeated;
    if (failed) return failed;
    const wasDeleted = stream.life === "deleted";
    const end = stream.ids.length;
    for (const id of ids) {
      stream.ids.push(id);
      this.all.push(name);
    }
    if (wasDeleted) this.#recreate(name, stream, stream.settings, end);
    return { outcome: "done", revision: BigInt(stream.ids.length - 1) };
  }

  /** The outcome for events of which some or all were written before. */
  #repeat(stream: Stream, expected: Expectation, ids: readonly string[]): Outcome | undefined {
    if (ids.length === 0) return undefined;
    const wrong = this.#wrong(stream);
    if (expected === "any" || expected === "stream_exists") {
      // An exact revision may write an id once more; its newest place counts.
      const places = ids.map((id) => stream.ids.lastIndexOf(id));
      if (places[0] === -1) return undefined;
      return places.includes(-1) ? wrong : { outcome: "done", revision: BigInt(places.at(-1) ?? 0) };
    }
    const first = expected === "no_stream" ? 0 : Number(expected) + 1;
    if (first >= stream.ids.length || stream.ids[first] !== ids[0]) return undefined;
    const same = ids.every((id, index) => stream.ids[first + index] === id);
    return same ? { outcome: "done", revision: BigInt(first + ids.length - 1) } : wrong;
  }

  #wrong({ ids }: Stream): Outcome {
    return { outcome: "wrong", actual: ids.length === 0 ? "no_stream" : BigInt(ids.length - 1) };
  }

  #check(stream: Stream, expected: Expectation): Outcome | undefined {
    if (stream.life === "tombstoned") return { outcome: "deleted" };
    if (expected === "any") return undefined;
    if (expected === "stream_exists") {
      if (stream.life === "deleted") return { outcome: "deleted" };
      return stream.ids.length > 0 || stream.metadataWrites > 0 ? undefined : this.#wrong(stream);
    }
    if (expected === "no_stream")
      return stream.ids.length === 0 || stream.life === "deleted" ? undefined : this.#wrong(stream);
    return expected === BigInt(stream.ids.length - 1) ? undefined : this.#wrong(stream);
  }

  #writeMetadata(name: string, stream: Stream, settings: Settings): void {
    stream.settings = settings;
    stream.metadataWrites += 1;
    this.all.push(`$$${name}`);
  }

  #recreate(name: string, stream: Stream, { maxCount }: Settings, end: number): void {
    stream.life = "live";
    this.#writeMetadata(name, stream, { ...(maxCount ? { maxCount } : {}), truncateBefore: end });
  }

  setMetadata(name: string, settings: Settings): Outcome {
    const stream = this.#stream(name);
    if (stream.life === "tombstoned") return { outcome: "deleted" };
    this.#writeMetadata(name, stream, settings);
    const revision = BigInt(stream.metadataWrites - 1);
    if (stream.life === "deleted") this.#recreate(name, stream, settings, stream.ids.length);
    return { outcome: "done", revision };
  }

  softDelete(name: string, expected: Expectation): Outcome {
    const stream = this.#stream(name);
    const failed = this.#check(stream, expected);
    if (failed) return failed;
    if (stream.ids.length === 0 && stream.metadataWrites === 0) return this.#wrong(stream);
    this.#writeMetadata(name, stream, {});
    stream.life = "deleted";
    return { outcome: "done", revision: 0n };
  }

  tombstone(name: string, expected: Expectation): Outcome {
    const stream = this.#stream(name);
    const failed = this.#check(stream, expected);
    if (failed) return failed;
    stream.life = "tombstoned";
    this.all.push(name);
    return { outcome: "done", revision: 0n };
  }

  read(
    name: string,
    direction: "forwards" | "backwards",
    from: bigint | "start" | "end",
    count: number,
  ): Reading {
    const { ids, settings, life } = this.#stream(name);
    if (life === "tombstoned") return { outcome: "deleted" };
    if (life === "deleted" || ids.length === 0) return { outcome: "missing" };
    const lowest = Math.max(
      settings.truncateBefore ?? 0,
      settings.maxCount ? ids.length - settings.maxCount : 0,
    );
    const visible = ids
      .map((id, revision) => ({ id, revision }))
      .filter(({ revision }) => revision >= lowest);
    const inOrder = direction === "forwards" ? visible : visible.toReversed();
    const place = from === "start" ? 0 : from === "end" ? ids.length : Number(from);
    const reached = inOrder.filter(({ revision }) =>
      direction === "forwards" ? revision >= place : revision <= place,
    );
    return { outcome: "read", ids: reached.slice(0, count).map(({ id }) => id) };
  }
}
