/** Why the yard can't start or stay up, in words for the person at the terminal; shown without a stack. */
export class Problem extends Error {
  override name = "Problem";
}
