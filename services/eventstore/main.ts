// The process of the embedded event store: starts it, says that it is ready, and ends it.
import { setFlagsFromString } from "node:v8";
import { ServerCredentials } from "@grpc/grpc-js";
import { destination, pino } from "pino";
import { giveBackMemoryWhenIdle } from "#platform/idle-memory.ts";
import { type App, startApp } from "./app.ts";
import { type Arguments, HELP, parseArguments, WrongArguments } from "./arguments.ts";
import { openEventLog } from "./engine/open.ts";
import { writeFirstEvent } from "./first-event.ts";
import { onParentGone } from "./parent-watch.ts";

// Left alone, V8 lets the young generation of a busy server grow by more than a hundred MiB and gains nothing from it.
setFlagsFromString("--semi-space-growth-factor=1");
// The old generation it would collect twice a second under load, to find that most of it is still needed; this is a third of that.
setFlagsFromString("--heap-growing-percent=200");

/** Five seconds are promised, the end of the process included. */
const STOP_DEADLINE_MS = 4_500;
const STDERR = 2;

const given = readArguments();
const output = destination({ dest: STDERR, sync: true });
// The reader of the log may be gone; that is no reason to fail.
output.on("error", () => {});
process.stdout.on("error", () => {});
const logger = pino({ name: "eventstore", level: given.logLevel }, output);

giveBackMemoryWhenIdle();
const app = await start(given);
process.stdout.write(`eventstore ready on ${app.address}\n`);

function readArguments(): Arguments {
  try {
    const parsed = parseArguments(process.argv.slice(2));
    if (parsed !== "help") return parsed;
    console.log(HELP);
    return process.exit(0);
  } catch (error) {
    if (!(error instanceof WrongArguments)) throw error;
    console.error(`eventstore: ${error.message}\nTry --help.`);
    return process.exit(2);
  }
}

async function start({ dir, tls, ...options }: Arguments): Promise<App> {
  try {
    const log = await openEventLog({ dir, logger });
    await writeFirstEvent(log);
    const credentials = tls
      ? ServerCredentials.createSsl(null, [{ cert_chain: tls.cert, private_key: tls.key }])
      : ServerCredentials.createInsecure();
    const running = await startApp({ ...options, log, logger, credentials });
    stopOnRequest(options.dieWithParent, async () => {
      await running.close();
      await log.close();
    });
    logger.info({ port: running.port, host: options.host, dir, tls: tls !== undefined }, "serving");
    return running;
  } catch (error) {
    logger.fatal({ err: error }, "start failed");
    return process.exit(1);
  }
}

function stopOnRequest(dieWithParent: boolean, close: () => Promise<void>): void {
  let isStopping = false;
  const stop = (reason: string): void => {
    if (isStopping) process.exit(1);
    isStopping = true;
    logger.info({ reason }, "stopping");
    setTimeout(() => {
      logger.error({ deadlineMs: STOP_DEADLINE_MS }, "stop deadline passed");
      process.exit(1);
    }, STOP_DEADLINE_MS).unref();
    close().then(
      () => {
        logger.info("stopped");
        process.exit(0);
      },
      (error: unknown) => {
        logger.fatal({ err: error }, "stop failed");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", () => stop("SIGTERM"));
  process.on("SIGINT", () => stop("SIGINT"));
  if (dieWithParent) onParentGone(() => stop("parent process gone"));
}
