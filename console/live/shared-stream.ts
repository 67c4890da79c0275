// The stream as a page reads it: from the worker that all tabs share, or by itself where a browser has no such workers.
import { sessionEnded } from "../api/client.ts";
import { readStream, type StreamHandlers } from "./stream.ts";
import type { FromPage, ToPage } from "./stream-messages.ts";

/** Reads until `signal` aborts; `as` is who is signed in. */
export function followStream(signal: AbortSignal, as: string, handlers: StreamHandlers): void {
  if (typeof SharedWorker === "undefined") {
    void readStream(signal, handlers);
    return;
  }
  const worker = new SharedWorker(new URL("./stream-worker.ts", import.meta.url), {
    type: "module",
    name: "stream",
  });
  const say = (message: FromPage): void => worker.port.postMessage(message);
  const follow = (): void => say({ is: "follow", as });
  const leave = (): void => say({ is: "leave" });
  // Its file could not be read.
  worker.onerror = () => void readStream(signal, handlers);
  worker.port.onmessage = ({ data }: MessageEvent<ToPage>) => {
    if (signal.aborted) return;
    switch (data.is) {
      case "open":
        return handlers.onOpen();
      case "lost":
        return handlers.onLost();
      case "unauthorized":
        return sessionEnded();
      case "event":
        return handlers.onEvent(data.event);
    }
  };
  follow();
  // A worker can't see that a page is gone; one that comes back from the browser's history follows again.
  addEventListener("pagehide", leave, { signal });
  addEventListener("pageshow", ({ persisted }) => persisted && follow(), { signal });
  signal.addEventListener("abort", leave);
}
