// What a run has of the language before its code is evaluated.

/** `call` runs the function and gives a promise; `shown` makes JSON of what that is settled with. */
export const PRELUDE = `(() => {
  const { parse, stringify } = JSON;
  const resolve = Promise.resolve.bind(Promise);
  const text = String;
  const keys = Object.entries;
  const [log, send] = [globalThis.$log, globalThis.$fetch];
  delete globalThis.$log;
  delete globalThis.$fetch;
  const write = (...values) => log(values.map((one) => (typeof one === "string" ? one : stringify(one) ?? text(one))).join(" "));
  globalThis.console = { log: write, info: write, warn: write, error: write, debug: write };
  if (send !== undefined)
    globalThis.fetch = async (url, { method = "GET", headers = {}, body } = {}) => {
      const given = keys(headers).map(([name, value]) => [name, text(value)]);
      const request = { url: text(url), method: text(method), headers: given, body: body === undefined ? null : text(body) };
      const { error, ...response } = parse(await send(stringify(request)));
      if (error !== undefined) throw new Error(error);
      return {
        ...response,
        ok: response.status >= 200 && response.status < 300,
        text: async () => response.body,
        json: async () => parse(response.body),
      };
    };
  return {
    call: (code, argument) => resolve(code(parse(argument))),
    callAtOnce: (code, argument) => {
      const value = code(parse(argument));
      return resolve(typeof value?.then === "function" ? null : value);
    },
    shown: (value) => stringify(value) ?? "null",
  };
})()`;
