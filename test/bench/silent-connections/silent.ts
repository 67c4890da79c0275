// A process that opens connections and says nothing on them; one process may have only so many files.
import { connect } from "node:net";
import { serve } from "../pipeline/child.ts";

interface Order {
  readonly port: number;
  readonly count: number;
}

const AT_ONCE = 100;
let [open, ended] = [0, 0];

function openOne(port: number): Promise<void> {
  return new Promise((resolve) => {
    let isOpen = false;
    connect(port, "127.0.0.1")
      .once("connect", () => {
        isOpen = true;
        open += 1;
        resolve();
      })
      .on("error", () => undefined)
      .once("close", () => {
        if (isOpen) open -= 1;
        ended += 1;
        resolve();
      })
      .resume();
  });
}

const api = {
  async open({ port, count }: Order): Promise<void> {
    for (let opened = 0; opened < count; opened += AT_ONCE)
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - opened) }, () => openOne(port)));
  },
  async counts() {
    return { open, ended };
  },
};
export type SilentApi = typeof api;
serve(api);
