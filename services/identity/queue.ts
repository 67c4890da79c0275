import type { Answer } from "#domain/identity/question.ts";
import type { Prepared } from "./prepare.ts";

// One thing at a time, many questions at once: whoever asks while another batch is being stored is in the next one.

export interface Queue<Order> {
  ask(questions: readonly Prepared[]): Promise<Answer[]>;
  order(what: Order): Promise<unknown>;
  /** Takes no more, and waits for all that was taken. */
  close(): Promise<void>;
}

interface Promised<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}
type Job<Order> =
  | ({ readonly type: "questions"; readonly questions: readonly Prepared[] } & Promised<Answer[]>)
  | ({ readonly type: "order"; readonly what: Order } & Promised<unknown>);
type Asked<Order> = Extract<Job<Order>, { type: "questions" }>;

/** Two events a question at the most, about 800 bytes each: well below what one append may hold. */
const LARGEST_BATCH = 600;

export class QueueClosed extends Error {
  override name = "QueueClosed";
}

export function createQueue<Order>(work: {
  readonly answer: (questions: readonly Prepared[]) => Promise<Answer[]>;
  readonly carryOut: (order: Order) => Promise<unknown>;
}): Queue<Order> {
  const jobs: Job<Order>[] = [];
  let working: Promise<void> | undefined;
  let isOpen = true;

  function nextBatch(first: Asked<Order>): Asked<Order>[] {
    const batch = [first];
    let size = first.questions.length;
    for (let next = jobs[0]; next?.type === "questions"; next = jobs[0]) {
      size += next.questions.length;
      if (size > LARGEST_BATCH) break;
      batch.push(next);
      jobs.shift();
    }
    return batch;
  }

  async function answer(batch: readonly Asked<Order>[]): Promise<void> {
    try {
      const answers = await work.answer(batch.flatMap(({ questions }) => questions));
      let from = 0;
      for (const { questions, resolve } of batch) {
        resolve(answers.slice(from, from + questions.length));
        from += questions.length;
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  async function workOff(): Promise<void> {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
      if (job.type === "questions") await answer(nextBatch(job));
      else await work.carryOut(job.what).then(job.resolve, job.reject);
    }
    working = undefined;
  }

  function take(job: Job<Order>): void {
    if (!isOpen) {
      job.reject(new QueueClosed("identity is handed over"));
      return;
    }
    jobs.push(job);
    working ??= workOff();
  }

  return {
    ask: (questions) =>
      new Promise((resolve, reject) => take({ type: "questions", questions, resolve, reject })),
    order: (what) => new Promise((resolve, reject) => take({ type: "order", what, resolve, reject })),
    async close() {
      isOpen = false;
      await working;
    },
  };
}
