// k6/metrics: every value with the scenario that it comes from.
import { scenarioName } from "./execution.ts";

interface Sample {
  readonly value: number;
  readonly scenario: string | undefined;
}

export interface Metric {
  readonly type: "counter" | "trend";
  readonly samples: readonly Sample[];
}

export const metrics = new Map<string, Metric>();

class Samples {
  readonly #samples: Sample[] = [];

  constructor(type: Metric["type"], name: string) {
    metrics.set(name, { type, samples: this.#samples });
  }

  add(value: number): void {
    this.#samples.push({ value, scenario: scenarioName() });
  }
}

export class Counter extends Samples {
  constructor(name: string) {
    super("counter", name);
  }
}

export class Trend extends Samples {
  constructor(name: string) {
    super("trend", name);
  }
}
