// The admin API of the yard that was just started, as its first user.
import { request } from "undici";
import { Problem } from "../problem.ts";

export interface AdminClient {
  get(path: string): Promise<unknown>;
  put(path: string, body: object): Promise<void>;
  post(path: string, body: object): Promise<unknown>;
  /** False where somebody else was first, so that nothing is done. */
  putUnlessChanged(path: string, body: object): Promise<boolean>;
  /** Undefined where what is there now does not allow it. */
  postUnlessConflict(path: string): Promise<unknown>;
}

const CONFLICT = 409;
class Conflict extends Problem {}

export function adminClient(url: string, token: string): AdminClient {
  async function call(method: "GET" | "PUT" | "POST", path: string, body?: object): Promise<unknown> {
    const answer = await request(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.body.text();
    const refusal = `${method} ${path} was answered ${answer.statusCode}: ${text}`;
    // What the server can't do now it may do later; what it refuses it refuses again.
    if (answer.statusCode >= 500) throw new Error(refusal);
    if (answer.statusCode === CONFLICT) throw new Conflict(refusal);
    if (answer.statusCode >= 300) throw new Problem(refusal);
    return JSON.parse(text);
  }
  async function callUnlessConflict(method: "PUT" | "POST", path: string, body: object): Promise<unknown> {
    try {
      return await call(method, path, body);
    } catch (error) {
      if (error instanceof Conflict) return undefined;
      throw error;
    }
  }

  return {
    get: (path) => call("GET", path),
    put: async (path, body) => void (await call("PUT", path, body)),
    post: (path, body) => call("POST", path, body),
    putUnlessChanged: async (path, body) => (await callUnlessConflict("PUT", path, body)) !== undefined,
    postUnlessConflict: (path) => callUnlessConflict("POST", path, {}),
  };
}
