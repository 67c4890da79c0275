// Whether this process can do its work now, told dependency by dependency.

interface DependencyHealth {
  readonly ok: boolean;
  readonly detail?: string;
}

interface Readiness {
  readonly ready: boolean;
  readonly dependencies: Readonly<Record<string, DependencyHealth>>;
}

export interface Health {
  /** A check that throws, or takes over a second, makes the process not ready. */
  add(name: string, check: () => Promise<void> | void): void;
  ready(): Promise<Readiness>;
}

const CHECK_MS = 1000;
/** A crowd of askers costs the dependencies one check in this time. */
const REMEMBERED_MS = 500;

type Check = () => Promise<void> | void;

async function askOne(check: Check): Promise<DependencyHealth> {
  const slow = Promise.withResolvers<DependencyHealth>();
  const timer = setTimeout(slow.resolve, CHECK_MS, { ok: false, detail: `no answer within ${CHECK_MS} ms` });
  const answer = (async () => check())().then(
    (): DependencyHealth => ({ ok: true }),
    (error: unknown): DependencyHealth => ({
      ok: false,
      detail: error instanceof Error ? error.message : "not ready",
    }),
  );
  try {
    return await Promise.race([answer, slow.promise]);
  } finally {
    clearTimeout(timer);
  }
}

export function createHealth(): Health {
  const checks = new Map<string, Check>();
  let remembered: { readonly answer: Promise<Readiness>; readonly until: number } | undefined;

  async function askAll(): Promise<Readiness> {
    const answers = await Promise.all(
      Array.from(checks, async ([name, check]) => [name, await askOne(check)] as const),
    );
    return { ready: answers.every(([, one]) => one.ok), dependencies: Object.fromEntries(answers) };
  }

  return {
    add(name, check) {
      checks.set(name, check);
      remembered = undefined;
    },
    ready() {
      const now = performance.now();
      if (!remembered || remembered.until <= now) {
        remembered = { answer: askAll(), until: now + REMEMBERED_MS };
      }
      return remembered.answer;
    },
  };
}
