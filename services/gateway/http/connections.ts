// How many connections there may be, and whose go first when there are too many: those that have said nothing for longest.
import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { Log } from "#platform/log.ts";

const MAX_CONNECTIONS = 25_000;
/** Of them those that have not sent a byte: the rest is for who has something to say. */
const SILENT_SHARE = 0.8;
/** For files, the stores and NATS; a process without a free descriptor can reach none of them. */
const RESERVED_FILES = 500;

export interface ConnectionLimits {
  readonly connections: number;
  readonly silent: number;
}

/** `openFiles` is what the process may have open at once; undefined where nobody says so. */
export function connectionLimits(openFiles: number | undefined, log: Pick<Log, "warn">): ConnectionLimits {
  const room = openFiles === undefined ? MAX_CONNECTIONS : Math.max(1, openFiles - RESERVED_FILES);
  const connections = Math.min(MAX_CONNECTIONS, room);
  if (connections < MAX_CONNECTIONS)
    log.warn(
      { open_files: openFiles, needed: MAX_CONNECTIONS + RESERVED_FILES, connections },
      "limit of open files is too low for all connections; raise it with ulimit -n or LimitNOFILE",
    );
  return { connections, silent: Math.floor(connections * SILENT_SHARE) };
}

/** As Linux tells it; Node has raised the soft limit to the hard one when it started. */
export function openFilesAllowed(): number | undefined {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

export function limitConnections(server: Server, limits: ConnectionLimits): void {
  server.maxConnections = limits.connections;
  /** The oldest first; who has spoken is only taken out when it is looked at, so that requests cost nothing here. */
  const silent = new Set<Socket>();
  server.on("connection", (socket) => {
    silent.add(socket);
    socket.once("close", () => silent.delete(socket));
    for (const oldest of silent) {
      if (silent.size <= limits.silent) break;
      silent.delete(oldest);
      if (oldest.bytesRead === 0) oldest.destroy();
    }
  });
}
