// The media type in a Content-Type header. Its parameters are ignored, but for a charset other than UTF-8.

const CHARSET = /; *charset *= *"?([^\s";]*)/i;
/** us-ascii is a part of UTF-8, and many write utf8. */
const UTF8 = /^(utf-?8|us-ascii)$/i;

/** In lower case; undefined without a header, or when the charset is not UTF-8. */
export function mediaTypeOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const end = header.indexOf(";");
  if (end < 0) return header.trim().toLowerCase();
  const charset = CHARSET.exec(header)?.[1];
  if (charset !== undefined && !UTF8.test(charset)) return undefined;
  return header.slice(0, end).trim().toLowerCase();
}
