// What the demo's campaign does, and what customers say to it.

/** The provider of the mails, and what analyses replies. */
export const MAILS = "demo-mails";
export const WORDS = "demo-words";

const says = (value: string) => ({
  combinator: "and",
  rules: [{ field: "sentiment", operator: "=", value }],
});
const send = (subject: string, text: string) => ({
  type: "send",
  partner: MAILS,
  template: { subject, text },
});

/** In the order in which they are shown. */
export const DEMO_STEPS = [
  { id: "hello", ...send("Hello {{full_name}}", "How do you like {{city}}?") },
  { id: "listen", type: "wait", for: "5s", on_reply: "sense" },
  { id: "remind", ...send("{{full_name}}, are you still there?", "We heard nothing"), next: "over" },
  { id: "sense", type: "analyze", service: WORDS },
  {
    id: "sort",
    type: "branch",
    cases: [
      { when: says("positive"), next: "hand-in" },
      { when: says("negative"), next: "sorry" },
    ],
    otherwise: "over",
  },
  { id: "sorry", ...send("We are sorry, {{full_name}}", "You hear no more from us"), next: "over" },
  {
    id: "hand-in",
    type: "submit",
    kind: "lead",
    fields: { email: "{{email}}", full_name: "{{full_name}}", interest: "Education" },
  },
  { id: "over", type: "end" },
];

const REPLY_EVERY = 5;
const REPLIES = ["Thanks, I love it", "I am in the office on Monday", "Stop, this is terrible"];

/** Undefined where this customer says nothing. */
export function replyOf(customer: number): object | undefined {
  if (customer % REPLY_EVERY !== 0) return undefined;
  const text = REPLIES[(customer / REPLY_EVERY) % REPLIES.length];
  return { email: `customer${customer}@crm.example`, message_id: `<${customer}@crm.example>`, text };
}
