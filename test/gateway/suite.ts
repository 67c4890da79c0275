// What nearly every test of the gateway begins with: real parts, a gateway on them, and both stopped at the end.
import { suite, type Test } from "uvu";
import type { Connections } from "#platform/connections.ts";
import type { StartRole } from "#platform/yard.ts";
import { type Parts, startParts, startTestGateway, type TestGateway } from "./gateway.ts";

export interface PartsSuite {
  readonly test: Test;
  readonly parts: Parts;
  /** Stops, at the end, what was started last first, and all of it before the parts. */
  readonly atEnd: (stop: () => Promise<unknown> | undefined) => void;
}

export interface GatewaySuite extends PartsSuite {
  readonly yard: TestGateway;
}

export async function partsSuite(name: string): Promise<PartsSuite> {
  const test = suite(name);
  const parts = await startParts();
  const stops: (() => Promise<unknown> | undefined)[] = [() => parts.stop()];
  test.after(async () => {
    for (const stop of stops.toReversed()) await stop();
  });
  return { test, parts, atEnd: (stop) => void stops.push(stop) };
}

/** `beside` are roles that run in the gateway's process. */
export async function gatewaySuite(
  name: string,
  config: Partial<Connections> = {},
  beside: readonly StartRole[] = [],
): Promise<GatewaySuite> {
  const started = await partsSuite(name);
  try {
    const yard = await startTestGateway(started.parts, config, beside);
    started.atEnd(() => yard.stop());
    return { ...started, yard };
  } catch (error) {
    await started.parts.stop();
    throw error;
  }
}
