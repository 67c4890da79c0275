// How many leads of a process are identified and routed at once, over all of its partitions. More would make none of them quicker: each
// would wait longer for its answers, until those come too late and the work begins anew.

export interface Room {
  /** Resolves in the order of asking, once there is room for so many, to the function that gives their places back. */
  enter(leads: number): Promise<() => void>;
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
    enter(leads) {
      const { promise, resolve } = Promise.withResolvers<() => void>();
      const leave = (): void => {
        taken -= leads;
        admit();
      };
      line.push({ leads, go: () => resolve(leave) });
      admit();
      return promise;
    },
  };
}
