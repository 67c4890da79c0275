// How many leads of a process are identified and routed at once, over all of its partitions. More would make none of them quicker: each
// would wait longer for its answers, until those come too late and the work begins anew.

export interface Room {
  /**
   * Resolves in the order of asking, once there is room for so many, to the function that gives their places back. With the signal
   * nobody waits in line any longer: it resolves at once, and takes no places.
   */
  enter(leads: number, signal: AbortSignal): Promise<() => void>;
}

export function createRoom(places: number): Room {
  let taken = 0;
  const line: { readonly leads: number; readonly go: () => void }[] = [];

  function admit(): void {
    // More than there are places go in alone.
    for (
      let next = line[0];
      next !== undefined && (taken === 0 || taken + next.leads <= places);
      next = line[0]
    ) {
      line.shift();
      taken += next.leads;
      next.go();
    }
  }

  return {
    enter(leads, signal) {
      const { promise, resolve } = Promise.withResolvers<() => void>();
      const leave = (): void => {
        taken -= leads;
        admit();
      };
      const waiting = {
        leads,
        go() {
          signal.removeEventListener("abort", giveUp);
          resolve(leave);
        },
      };
      const giveUp = (): void => {
        line.splice(line.indexOf(waiting), 1);
        resolve(() => undefined);
        admit();
      };
      line.push(waiting);
      if (signal.aborted) giveUp();
      else signal.addEventListener("abort", giveUp, { once: true });
      admit();
      return promise;
    },
  };
}
