// k6/execution: which iteration of which scenario runs.
import { AsyncLocalStorage } from "node:async_hooks";

interface Iteration {
  readonly name: string;
  readonly iterationInTest: number;
}

const current = new AsyncLocalStorage<Iteration>();

export const withinIteration = <T>(iteration: Iteration, work: () => T): T => current.run(iteration, work);

export const scenarioName = (): string | undefined => current.getStore()?.name;

export default {
  get scenario(): Iteration {
    const iteration = current.getStore();
    if (iteration === undefined) throw new Error("there is a scenario only within an iteration");
    return iteration;
  },
};
