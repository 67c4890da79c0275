// Whether this process can do its work now, told dependency by dependency.

export interface DependencyHealth {
  readonly ok: boolean;
  readonly detail?: string;
}

export interface Readiness {
  readonly ready: boolean;
  readonly dependencies: Readonly<Record<string, DependencyHealth>>;
}

export interface Health {
  /** A check that throws, or takes over a second, makes the process not ready. */
  add(name: string, check: () => Promise<void> | void): void;
  ready(): Promise<Readiness>;
}

export function createHealth(): Health {
  throw new Error("not yet");
}
