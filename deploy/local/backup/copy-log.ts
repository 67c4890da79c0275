// Has the embedded event store copy its log while it runs, and takes the copy away.
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { promisify } from "node:util";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { z } from "zod";
import { copyKept } from "#platform/kept-file.ts";
import { Problem } from "../problem.ts";

const COPY_PATH = "/switchyard.event_log.EventLog/Copy";
/** A log of a hundred gigabytes takes its time. */
const MAX_MS = 6 * 60 * 60_000;
const Copy = z.object({ file: z.string(), head: z.string() });

type Call = (
  path: string,
  encode: (bytes: Buffer) => Buffer,
  decode: (bytes: Buffer) => Buffer,
  request: Buffer,
  metadata: Metadata,
  options: { deadline: number },
  callback: (error: ServiceError | null, response?: Buffer) => void,
) => void;

/** The position of the last event in it. */
export async function copyLog(url: string, to: string): Promise<string> {
  const { file, head } = Copy.parse(JSON.parse((await askForCopy(url)).toString()));
  if (!existsSync(file))
    throw new Problem(
      `The event store copied its log to ${file}, which this machine can't read. Make the backup where the event store runs.`,
    );
  try {
    renameSync(file, to);
  } catch (error) {
    // On another file system.
    if (!(error instanceof Error && "code" in error && error.code === "EXDEV")) throw error;
    copyKept(file, to);
  } finally {
    // Also where there is no room for it: nobody else takes it away from there.
    rmSync(file, { force: true });
  }
  return head;
}

async function askForCopy(url: string): Promise<Buffer> {
  const { host, username, password, searchParams } = new URL(url);
  const authority = searchParams.get("tlsCAFile");
  const channel =
    searchParams.get("tls") === "false"
      ? credentials.createInsecure()
      : credentials.createSsl(authority === null ? null : readFileSync(authority));
  const metadata = new Metadata();
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  metadata.set("authorization", `Basic ${Buffer.from(user).toString("base64")}`);
  const client = new Client(host, channel);
  const asIs = (bytes: Buffer): Buffer => bytes;
  try {
    const call = promisify(client.makeUnaryRequest.bind(client) as Call);
    const copied = await call(COPY_PATH, asIs, asIs, Buffer.alloc(0), metadata, {
      deadline: Date.now() + MAX_MS,
    });
    return copied ?? Buffer.alloc(0);
  } catch (error) {
    const { code, details } = error as Partial<ServiceError>;
    if (code === status.UNIMPLEMENTED)
      throw new Problem(
        "The event store is not the embedded one, so it is backed up with its own tools. docs/deployment.md says in which order.",
      );
    throw new Problem(`The event store made no copy of its log: ${details ?? error}`);
  } finally {
    client.close();
  }
}
