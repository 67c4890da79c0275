// What a Content-Type header names. Parameters change nothing, but for a charset that is not UTF-8.

const CHARSET = /; *charset *= *"?([^\s";]*)/i;
/** us-ascii is UTF-8, too, and utf8 is what many write for it. */
const UTF8 = /^(utf-?8|us-ascii)$/i;

/** In lower case; undefined when nothing is named, or text that is not UTF-8. */
export function mediaTypeOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const end = header.indexOf(";");
  if (end < 0) return header.trim().toLowerCase();
  const charset = CHARSET.exec(header)?.[1];
  if (charset !== undefined && !UTF8.test(charset)) return undefined;
  return header.slice(0, end).trim().toLowerCase();
}
