import type { MemberId, StepId } from "../ids.ts";
import { DueQueue } from "./due-queue.ts";
import { MemberRecords, type RecordsCopy } from "./member-records.ts";
import { cancelled, isActive, isMarkedIn, isRepliedIn, type Member, statusIn } from "./member-state.ts";
import { Queue } from "./queue.ts";

// Everybody in a campaign, and who comes next.
//
// 1. Who is pending or working is in the one queue of its kind; who waits is among those that are due, unless it was taken out to go on.
// 2. A member leaves its queue before it enters another: its place in either stands in the same columns.

const queueNames = ["fresh", "toSend", "toWork", "working"] as const;
type Queues = { readonly [name in (typeof queueNames)[number]]: Uint32Array };

/** All that is known, as it was at one moment. Who waits is found again by that. */
export interface MembersCopy extends RecordsCopy {
  readonly queues: Queues;
}

export class Members {
  readonly #records: MemberRecords;
  readonly #due: DueQueue;
  /** Of those that are due, who could not go on when the time had come: when they are tried again. */
  readonly #postponed = new Map<number, number>();
  #waiting = 0;
  /** Pending, in the order in which they came: those that have not begun, and those that have, by what they come to. */
  readonly fresh: Queue;
  readonly toSend: Queue;
  readonly toWork: Queue;
  readonly working: Queue;

  constructor(copy?: RecordsCopy) {
    this.#records = new MemberRecords(copy);
    const { columns } = this.#records;
    this.#due = new DueQueue(columns, (member) => this.#dueAt(member));
    this.fresh = new Queue(columns);
    this.toSend = new Queue(columns);
    this.toWork = new Queue(columns);
    this.working = new Queue(columns);
  }

  /** In steps, after each of which something else may be done: there may be a million. */
  static *from(copy: MembersCopy, membersInStep: number): Generator<void, Members> {
    const members = new Members(copy);
    const records = members.#records;
    for (let member = 0; member < copy.count; member += 1) {
      records.index(member);
      if (members.#statusOf(member) === "waiting") {
        members.#waiting += 1;
        members.#due.push(member);
      }
      if ((member + 1) % membersInStep === 0) yield;
    }
    for (const name of queueNames) for (const member of copy.queues[name]) members[name].append(member);
    return members;
  }

  copy(): MembersCopy {
    const { fresh, toSend, toWork, working } = this;
    const numbers = (queue: Queue): Uint32Array => Uint32Array.from(queue.numbers());
    return {
      ...this.#records.copy(),
      queues: {
        fresh: numbers(fresh),
        toSend: numbers(toSend),
        toWork: numbers(toWork),
        working: numbers(working),
      },
    };
  }

  get size(): number {
    return this.#records.columns.count;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** How many something is sent to. */
  get sends(): number {
    let sends = 0;
    for (const { type } of this.#records.works) if (type === "send") sends += 1;
    return sends;
  }

  has(id: MemberId): boolean {
    return this.#records.find(id) !== undefined;
  }

  get(id: MemberId): Member | undefined {
    const member = this.#records.find(id);
    return member === undefined ? undefined : this.#records.read(member);
  }

  *[Symbol.iterator](): Generator<[MemberId, Member]> {
    for (let member = 0; member < this.size; member += 1)
      yield [this.#records.columns.idOf(member), this.#records.read(member)];
  }

  /** What is added from now on stands in the event of this revision, in that order. */
  startAdding(revision: number): void {
    this.#records.startAdding(revision);
  }

  /** Of nobody who is there already. */
  add(id: MemberId): void {
    this.fresh.append(this.#records.add(id));
  }

  /** Of somebody who is there. */
  put(id: MemberId, changed: Member): void {
    const member = this.#records.find(id);
    if (member === undefined) throw new Error(`member ${id} is not in the campaign`);
    const { columns } = this.#records;
    const [queue, wasWaiting] = [this.#queueOf(member), this.#statusOf(member) === "waiting"];
    const [movesBefore, wasReplied] = [columns.moves[member], this.#isReplied(member)];
    this.#records.write(member, changed);
    const isWaiting = changed.status === "waiting";
    const isOther = movesBefore !== changed.moves || wasReplied !== this.#isReplied(member);
    const now = this.#queueOf(member);
    if (queue !== now) queue?.remove(member); // 2
    if (wasWaiting && (!isWaiting || isOther)) this.#takeOut(member);
    if (isWaiting && (!wasWaiting || isOther)) this.#due.push(member);
    if (queue !== now) now?.append(member);
    this.#waiting += Number(isWaiting) - Number(wasWaiting);
  }

  /** All that have not ended, but for those that something is sent to. */
  cancelIdle(): void {
    const { columns } = this.#records;
    const sentTo = [...this.working.numbers()].filter(
      (member) => this.#records.workOf(member)?.type === "send",
    );
    for (const name of queueNames) this[name].clear();
    this.#due.clear();
    this.#postponed.clear();
    this.#waiting = 0;
    for (const member of sentTo) this.working.append(member);
    const kept = new Set(sentTo);
    for (let member = 0; member < this.size; member += 1) {
      if (!isActive(this.#statusOf(member)) || kept.has(member)) continue;
      columns.flags[member] = cancelled(columns.flags[member] as number);
      this.#records.forgetFew(member);
    }
  }

  /** Whoever is in one of these steps and may go on is in the other, of that version; what it waits for stays what it was. */
  migrate(version: number, steps: Readonly<Record<string, StepId>>): void {
    const { columns, places } = this.#records;
    const others = places.migrated(version, steps);
    for (let member = 0; member < this.size; member += 1) {
      const other = others.get(columns.places[member] as number);
      const status = this.#statusOf(member);
      if (other !== undefined && (isActive(status) || status === "failed")) columns.places[member] = other;
    }
  }

  /** When the first of those who wait may go on; infinity where nobody waits. */
  get nextDueAt(): number {
    const member = this.#due.first();
    return member === undefined ? Number.POSITIVE_INFINITY : this.#dueAt(member);
  }

  /** Takes the first out, to go on. Whoever can't is to be put back with `wakeAt`. */
  takeDue(): MemberId | undefined {
    const member = this.#due.first();
    if (member === undefined) return undefined;
    this.#takeOut(member);
    return this.#records.columns.idOf(member);
  }

  /** Puts back who was taken out and waits still; never before the wait is over, since the clock may have been set back. */
  wakeAt(id: MemberId, at: number): void {
    const member = this.#records.find(id);
    if (member === undefined || this.#statusOf(member) !== "waiting" || this.#due.has(member)) return;
    if (at > this.#dueAt(member)) this.#postponed.set(member, at);
    this.#due.push(member);
  }

  #takeOut(member: number): void {
    this.#due.remove(member);
    this.#postponed.delete(member);
  }

  #statusOf(member: number): Member["status"] {
    return statusIn(this.#records.columns.flags[member] as number);
  }

  #isReplied(member: number): boolean {
    return isRepliedIn(this.#records.columns.flags[member] as number);
  }

  #dueAt(member: number): number {
    const due = this.#isReplied(member) ? 0 : (this.#records.columns.due[member] as number);
    return this.#postponed.size === 0 ? due : Math.max(due, this.#postponed.get(member) ?? 0);
  }

  #queueOf(member: number): Queue | undefined {
    const { flags, places } = this.#records.columns;
    switch (statusIn(flags[member] as number)) {
      case "pending":
        if (places[member] === 0) return this.fresh;
        return isMarkedIn(flags[member] as number) ? this.toSend : this.toWork;
      case "working":
        return this.working;
      case "waiting":
      case "done":
      case "failed":
      case "cancelled":
        return undefined;
    }
  }
}
