// Whether the process of this container is ready, for HEALTHCHECK. Plain JavaScript, since it runs every few seconds.
const { PORT = "8080" } = process.env;
const answer = await fetch(`http://127.0.0.1:${PORT}/readyz`, { signal: AbortSignal.timeout(4_000) }).catch(
  (error) => ({ ok: false, text: async () => `${error.message}\n` }),
);
process.stdout.write(await answer.text());
process.exitCode = answer.ok ? 0 : 1;
