// What processes of these tests are given: the addresses of parts, led through a proxy, and a place for compiled code.
import { tmpdir } from "node:os";
import { join } from "node:path";

/** So many processes of the same code: it is compiled once. */
export const COMPILED = { NODE_COMPILE_CACHE: join(tmpdir(), "switchyard-chaos-compiled") };

const ADDRESS = /@?127\.0\.0\.1:(\d+)/;

export const portOf = (url: string): number => Number(ADDRESS.exec(url)?.[1]);

export const urlThrough = (url: string, port: number): string =>
  url.replace(`127.0.0.1:${portOf(url)}`, `127.0.0.1:${port}`);
