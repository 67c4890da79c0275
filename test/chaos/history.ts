// Intake as a history of operations on registers, one for each idempotency key: the first body that is taken stays, whoever sends
// what afterwards. Checked against what a register could have answered, whatever the order in which the operations took effect.

export interface Operation {
  readonly key: string;
  readonly body: string;
  readonly startedAt: number;
  /** Infinity where no answer came: it may have taken effect at any time since. */
  readonly endedAt: number;
  readonly answer:
    | { readonly kind: "taken"; readonly id: string; readonly isRepeat: boolean }
    /** Another body has the key. */
    | { readonly kind: "other_body" }
    /** No answer, or one that promises nothing. */
    | { readonly kind: "unknown" };
}

/** What no register could have answered; empty where there is an order in which one could. */
export function violationsOf(operations: readonly Operation[]): string[] {
  return [...Map.groupBy(operations, ({ key }) => key)].flatMap(([key, its]) =>
    violationsOfKey(its).map((what) => `key ${key}: ${what}`),
  );
}

type Answered<Kind extends Operation["answer"]["kind"]> = Operation & {
  readonly answer: Extract<Operation["answer"], { kind: Kind }>;
};
const isAnswered =
  <Kind extends Operation["answer"]["kind"]>(kind: Kind) =>
  (operation: Operation): operation is Answered<Kind> =>
    operation.answer.kind === kind;

/**
 * A register is written once, so the history of a key is linearizable exactly when one body can be the one that was written first:
 * all that were taken have it and one id, one of them alone is not a repeat, none that ended before the first began is a repeat, and
 * each that was refused had another body while the first could already have been written.
 */
function violationsOfKey(operations: readonly Operation[]): string[] {
  const taken = operations.filter(isAnswered("taken"));
  const refused = operations.filter(isAnswered("other_body"));
  const found: string[] = [];
  const ids = new Set(taken.map(({ answer }) => answer.id));
  if (ids.size > 1) found.push(`was taken under ${ids.size} ids: ${[...ids].join(", ")}`);
  const bodies = new Set(taken.map(({ body }) => body));
  if (bodies.size > 1) found.push(`was taken with ${bodies.size} bodies`);
  const firsts = taken.filter(({ answer }) => !answer.isRepeat);
  if (firsts.length > 1) found.push(`was taken for the first time ${firsts.length} times`);
  const [first] = firsts;
  for (const repeat of taken.filter(({ answer }) => answer.isRepeat)) {
    // Some write of the same body has to have begun before: the first, or one whose answer was lost.
    const mayFollow = operations.some(
      (one) =>
        one !== repeat &&
        one.body === repeat.body &&
        one.startedAt <= repeat.endedAt &&
        (one === first || (first === undefined && one.answer.kind === "unknown")),
    );
    if (!mayFollow) found.push("a repeat was answered before anything could have been taken");
  }
  for (const operation of refused) {
    const mayHaveLost = operations.some(
      (one) =>
        one.body !== operation.body &&
        one.startedAt <= operation.endedAt &&
        one.answer.kind !== "other_body" &&
        (bodies.size === 0 || bodies.has(one.body)),
    );
    if (!mayHaveLost) found.push("was refused for another body that nobody has sent");
  }
  const earliest = Math.min(...taken.map(({ endedAt }) => endedAt));
  const late = firsts.filter(({ startedAt }) => startedAt > earliest);
  if (late.length > 0) found.push("was taken for the first time after it had been taken already");
  return found;
}
