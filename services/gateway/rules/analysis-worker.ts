// Runs checks of rules in a thread of its own.
import { parentPort } from "node:worker_threads";
import { checkRules, conflictsIn } from "#domain/rules/check/check.ts";
import type { Question, Reply } from "./analysis.ts";

parentPort?.on("message", ({ id, rules, only }: Question) => {
  let reply: Reply;
  try {
    reply = { id, found: only === "conflicts" ? conflictsIn(rules) : checkRules(rules) };
  } catch (error) {
    reply = { id, error: error instanceof Error ? error.message : "unknown error" };
  }
  parentPort?.postMessage(reply);
});
