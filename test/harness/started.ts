// Starts what belongs together, all of it or nothing. uvu keeps to itself what a `before` throws, and a process that is left running
// keeps the file from ending: so the reason is printed here, and what did start is stopped.

interface Stoppable {
  stop(): Promise<unknown>;
}
/** Starts one of them, which is stopped where another does not start. */
export type Own = <T extends Stoppable>(start: () => Promise<T>) => Promise<T>;

export async function allOrNone<T>(what: string, startAll: (own: Own) => Promise<T>): Promise<T> {
  const starting: Promise<Stoppable>[] = [];
  let failure: Error | undefined;
  const own: Own = (start) => {
    if (failure !== undefined) return Promise.reject(failure);
    const one = start();
    starting.push(one);
    return one;
  };
  try {
    return await startAll(own);
  } catch (error) {
    failure = error as Error;
    console.error(`\n${what} did not start: ${failure.stack}`);
    // Some may still be on their way.
    const settled = await Promise.allSettled(starting);
    for (const one of settled.reverse())
      if (one.status === "fulfilled")
        await one.value
          .stop()
          .catch((error: Error) => console.error(`${what} did not stop: ${error.message}`));
    throw failure;
  }
}
