// The members that every system is given: lines of JSON, as another system exports them, some of which are no members.

/** One line in so many names nobody that could be written to. */
const INVALID_EVERY = 1_000;

export interface Member {
  readonly email: string;
  readonly full_name: string;
  readonly city: string;
}

export const memberOf = (n: number): Member => ({
  email: `member-${n}@bench.example`,
  full_name: `Member ${n}`,
  city: n % 2 === 0 ? "Oslo" : "Bergen",
});

export const membersOf = (count: number): Member[] => Array.from({ length: count }, (_, n) => memberOf(n));

export interface Lines {
  readonly text: string;
  /** Which of them, counted from 1, are no members. */
  readonly invalid: readonly number[];
}

/** So many valid ones with invalid ones between them. */
export function linesOf(count: number): Lines {
  const lines: string[] = [];
  const invalid: number[] = [];
  for (const [n, member] of membersOf(count).entries()) {
    lines.push(JSON.stringify(member));
    if (n % INVALID_EVERY !== 0) continue;
    lines.push(JSON.stringify({ email: "no address", full_name: `Nobody ${n}` }));
    invalid.push(lines.length);
  }
  return { text: lines.join("\n"), invalid };
}

/** What each member is sent, by every system. */
export const TEMPLATE = { subject: "Hello {{full_name}}", text: "From {{city}}" };

export const messageTo = ({ email, full_name, city }: Member): object => ({
  email,
  full_name,
  city,
  subject: `Hello ${full_name}`,
  text: `From ${city}`,
});
