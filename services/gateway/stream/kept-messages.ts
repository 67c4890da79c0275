// The newest messages, each as the text that every reader gets, so that one who comes back goes on without a gap.
//
// 1. Every message after `floor` is here, in order, each once.
// 2. There are no more than `max`.
import type { Topic } from "./messages.ts";
import type { Place } from "./place.ts";

export interface KeptMessage {
  readonly topic: Topic;
  readonly place: Place;
  readonly text: string;
}

export class KeptMessages {
  readonly #max: number;
  #messages: KeptMessage[] = [];
  #floor: Place;

  constructor(floor: Place, max: number) {
    this.#floor = floor;
    this.#max = max;
  }

  get floor(): Place {
    return this.#floor;
  }

  get room(): number {
    return this.#max - this.#messages.length;
  }

  push(messages: readonly KeptMessage[]): void {
    this.#messages.push(...messages);
    const evicted = this.#messages.splice(0, Math.max(0, -this.room)).at(-1);
    if (evicted !== undefined) this.#floor = evicted.place;
  }

  /** What was told between `floor` and the floor so far; more than there is room for can't be added. */
  addBefore(messages: readonly KeptMessage[], floor: Place): void {
    this.#messages = [...messages, ...this.#messages];
    this.#floor = floor;
  }

  after(place: Place): readonly KeptMessage[] {
    return this.#messages.slice(this.#messages.findLastIndex((message) => message.place <= place) + 1);
  }
}
