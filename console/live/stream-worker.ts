// The one stream of a browser, for all its tabs: a browser opens six connections to a host, and each stream takes one for good. It lives
// as long as any tab does, so none of them leads.
import { listen } from "../api/client.ts";
import { readStream } from "./stream.ts";
import type { FromPage, ToPage } from "./stream-messages.ts";

interface Reading {
  readonly as: string;
  readonly stop: AbortController;
  /** Undefined until it is known. */
  isOpen?: boolean;
}

const pages = new Set<MessagePort>();
let reading: Reading | undefined;

const tell = (message: ToPage): void => {
  for (const page of pages) page.postMessage(message);
};

function stop(): void {
  reading?.stop.abort();
  reading = undefined;
}

function begin(as: string): void {
  stop();
  const begun: Reading = { as, stop: new AbortController() };
  reading = begun;
  const become = (isOpen: boolean): void => {
    begun.isOpen = isOpen;
    tell({ is: isOpen ? "open" : "lost" });
  };
  void readStream(begun.stop.signal, {
    onOpen: () => become(true),
    onEvent: (event) => tell({ is: "event", event }),
    onLost: () => become(false),
  });
}

function follow(page: MessagePort, as: string): void {
  pages.add(page);
  // What was opened for somebody else tells what they may see.
  if (reading?.as !== as) begin(as);
  else if (reading.isOpen !== undefined) page.postMessage({ is: reading.isOpen ? "open" : "lost" });
}

function leave(page: MessagePort): void {
  pages.delete(page);
  if (pages.size === 0) stop();
}

listen({
  unauthorized() {
    stop();
    tell({ is: "unauthorized" });
  },
});

addEventListener("connect", (event) => {
  const [page] = (event as MessageEvent).ports;
  if (page === undefined) return;
  page.onmessage = ({ data }: MessageEvent<FromPage>) => {
    if (data.is === "follow") follow(page, data.as);
    else leave(page);
  };
});
