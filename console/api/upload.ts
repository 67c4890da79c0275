import { request } from "./client.ts";

/** Lines of JSON, as they stand. */
export async function upload<Shape>(path: string, lines: string | Blob): Promise<Shape> {
  const response = await request("POST", path, { lines });
  return (await response.json()) as Shape;
}
