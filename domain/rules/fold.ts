/**
 * A text as rules compare it: without surrounding space, in Unicode's lower case of no particular language, with the final sigma as any
 * other. So "ΟΔΟΣ" is "οδος" and "I" is "i"; "ß" is "ẞ" but not "SS", and "İ" is "i" with a dot above and not "i". Letters that are
 * composed differently stay different.
 */
export const folded = (text: string): string => text.trim().toLowerCase().replaceAll("ς", "σ");
