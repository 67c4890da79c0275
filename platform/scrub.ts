// Takes what could show a person or a secret out of a text that leaves the yard, such as an error's message.

const MAX_CHARACTERS = 1_000;

const HIDDEN: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\bwhsec_[\w+/=-]+/g, "[secret]"],
  [/\bv1,[\w+/=]+/g, "[signature]"],
  [/\b(bearer|basic)\s+\S+/gi, "$1 [secret]"],
  // The user and password of a URL, and all behind its path.
  [/(\b[a-z][\w+.-]*:\/\/)[^\s/@]+@/gi, "$1"],
  [/\?[^\s"')\]]*=[^\s"')\]]*/g, "?[query]"],
  [/[^\s@"'<>(),:;=[\]]+@[^\s@"'<>(),:;=[\]]+\.[^\s@"'<>(),:;=[\]]+/g, "[e-mail]"],
  // Whatever somebody was called is between quotes, or is a value of a JSON text.
  [/"(?:[^"\\]|\\.)*"/g, '"[text]"'],
  [/'(?:[^'\\]|\\.)*'/g, "'[text]'"],
  [/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, "[address]"],
  [/(?<![\w.-])\+?\(?\d[\d\s().-]{6,}\d(?![\w-])/g, "[number]"],
];

export function scrub(text: string): string {
  let scrubbed = text.slice(0, MAX_CHARACTERS);
  for (const [pattern, instead] of HIDDEN) scrubbed = scrubbed.replace(pattern, instead);
  return scrubbed;
}
