// How much memory all batches together may hold: what was read of them and is not answered yet. An answer that nobody reads keeps its line.
//
// 1. A batch, an address and the process have a limit each. Who is above one of them reads on only once something is answered.
// 2. A batch that holds nothing may always read on, so that the limits can't stop everybody.
// 3. Only so many batches are under way at once, which bounds what 2 allows.

export interface BatchShare {
  take(bytes: number): void;
  giveBack(bytes: number): void;
  /** Resolves when more may be read. */
  room(): Promise<void>;
  leave(): void;
}

export interface BatchBudget {
  /** Undefined when too many are under way. */
  enter(address: string): BatchShare | undefined;
  /** Bytes of all batches. */
  readonly held: number;
}

interface Limits {
  readonly batchBytes: number;
  readonly addressBytes: number;
  readonly addressBatches: number;
  readonly processBytes: number;
  readonly processBatches: number;
}

const MIB = 1024 * 1024;
const LIMITS: Limits = {
  batchBytes: MIB,
  addressBytes: 32 * MIB,
  addressBatches: 128,
  processBytes: 64 * MIB,
  processBatches: 512,
};

interface Address {
  batches: number;
  bytes: number;
}

export function createBatchBudget(limits: Limits = LIMITS): BatchBudget {
  const addresses = new Map<string, Address>();
  const waiting = new Set<() => void>();
  let batches = 0;
  let held = 0;

  return {
    get held() {
      return held;
    },
    enter(name) {
      const address = addresses.get(name) ?? { batches: 0, bytes: 0 };
      // 3
      if (batches >= limits.processBatches || address.batches >= limits.addressBatches) return undefined;
      addresses.set(name, address);
      address.batches += 1;
      batches += 1;
      let own = 0;
      let left = false;

      const change = (bytes: number): void => {
        if (left) return;
        own += bytes;
        address.bytes += bytes;
        held += bytes;
        if (bytes < 0) for (const look of [...waiting]) look();
      };
      // 1, 2
      const mayRead = (): boolean =>
        own === 0 ||
        (own < limits.batchBytes && address.bytes < limits.addressBytes && held < limits.processBytes);
      let waits: (() => void) | undefined;
      const stopWaiting = (): void => {
        if (waits !== undefined) waiting.delete(waits);
      };

      return {
        take: change,
        giveBack: (bytes) => change(-bytes),
        room() {
          if (mayRead()) return Promise.resolve();
          return new Promise((resolve) => {
            stopWaiting();
            waits = () => {
              if (!mayRead()) return;
              stopWaiting();
              resolve();
            };
            waiting.add(waits);
          });
        },
        leave() {
          if (left) return;
          stopWaiting();
          change(-own);
          left = true;
          address.batches -= 1;
          batches -= 1;
          if (address.batches === 0) addresses.delete(name);
        },
      };
    },
  };
}
