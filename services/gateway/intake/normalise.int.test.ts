import * as assert from "uvu/assert";
import type { Submission } from "#domain/submission/submission.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";

const { test, yard } = await gatewaySuite("contact fields at the door");

async function opened(id: string): Promise<Submission> {
  const [event] = await yard.eventStore().readStream(`submission-${id}`);
  const { sealed } = (event?.data ?? {}) as { sealed: never };
  return (await (await yard.vault()).open(sealed, `submission-${id}`)) as Submission;
}

/** What the yard makes of it; what came must stand beside it as it came. */
async function normalised(fields: object): Promise<Submission["normalised"]> {
  const { status, body } = await yard.submit(fields);
  assert.is(status, 202, JSON.stringify({ fields, body }));
  const submission = await opened(body.id);
  assert.equal(submission.payload, fields);
  return submission.normalised;
}

for (const [phone, country, e164] of [
  ["+1 202-555-0143", undefined, "+12025550143"],
  ["(202) 555-0143", "US", "+12025550143"],
  ["202.555.0143", "usa", "+12025550143"],
  ["1 202 555 0143", "United States", "+12025550143"],
  ["020 7946 0018", "GB", "+442079460018"],
  ["020 7946 0018", "gbr", "+442079460018"],
  ["020 7946 0018", "U.K.", "+442079460018"],
  ["030 901820", "DEU", "+4930901820"],
  ["030/90 18-20", "Germany", "+4930901820"],
  ["0049 30 901820", "de", "+4930901820"],
  ["011 49 30 901820", "US", "+4930901820"],
  ["+49 (0)30 901820", undefined, "+4930901820"],
  ["06 6982", "Italy", "+39066982"],
  ["010-1234-5678", "Korea, Republic of", "+821012345678"],
  ["2345 6789", "Hong Kong", "+85223456789"],
  ["8 (495) 123-45-67", "Russian Federation", "+74951234567"],
  ["010 1234567", "The Netherlands", "+31101234567"],
  ["011 15-2345-6789", "Argentina", "+5491123456789"],
  ["+44 7911 123456", "US", "+447911123456"],
  ["+1 202 555 0143 ext. 12", undefined, "+12025550143"],
  ["tel:+1-202-555-0143", undefined, "+12025550143"],
  ["＋１２０２５５５０１４３", undefined, "+12025550143"],
  ["\u202a+1 (202) 555-0143\u202c", undefined, "+12025550143"],
  ["+800 1234 5678", undefined, "+80012345678"],
] as const) {
  test(`the phone number ${phone}${country ? ` in ${country}` : ""} is ${e164}`, async () =>
    assert.is((await normalised({ phone, ...(country && { country }) })).phone, e164));
}

for (const [phone, country] of [
  ["2025550143", undefined],
  ["2025550143", "Atlantis"],
  ["2025550143", null],
  ["12", "US"],
  ["+1", undefined],
  ["call me", "US"],
  ["+99912345678", undefined],
  ["0".repeat(60), "US"],
] as const) {
  test(`the phone number ${phone} in ${country} is 400 at its path`, async () => {
    const { status, body } = await yard.submit({ phone, country, email: "jane@example.com" });
    assert.is(status, 400);
    assert.equal(
      body.errors.map(({ path }: { path: string }) => path),
      ["phone"],
    );
    assert.not.match(JSON.stringify(body), /2025550143|call me/);
  });
}

for (const [email, plain] of [
  [" Jane.Doe+Tag@Example.COM\t", "jane.doe+tag@example.com"],
  ["o'brien@ex-ample.co.uk", "o'brien@ex-ample.co.uk"],
  ["\ufeffjane@example.com\u200b", "jane@example.com"],
  ["Ju\u0308rgen@Bu\u0308cher.example", "jürgen@bücher.example"],
] as const) {
  test(`the address ${JSON.stringify(email)} is ${plain}`, async () =>
    assert.is((await normalised({ email })).email, plain));
}

for (const email of [
  "jane",
  "jane@",
  "@example.com",
  "jane@example",
  "a b@example.com",
  "a@b@example.com",
  "a\u0000b@example.com",
  `${"a".repeat(65)}@example.com`,
  `jane@${"a".repeat(250)}.com`,
]) {
  test(`the address ${JSON.stringify(email).slice(0, 40)} is 400 at its path`, async () => {
    const { status, body } = await yard.submit({ email, full_name: "Jane Doe" });
    assert.is(status, 400);
    assert.is(body.errors[0].path, "email");
  });
}

for (const [fields, full_name] of [
  [{ full_name: "  Jane \u00a0 van\tDoe " }, "Jane van Doe"],
  [{ first_name: " Jane", last_name: "Doe " }, "Jane Doe"],
  [{ full_name: " ", first_name: "Jane", last_name: "Doe" }, "Jane Doe"],
  [{ full_name: "Jane Doe", first_name: "Joe", last_name: "Roe" }, "Jane Doe"],
  [{ full_name: "Zoe\u0308" }, "Zoë"],
] as const) {
  test(`the name of ${JSON.stringify(fields)} is ${full_name}`, async () =>
    assert.is((await normalised(fields)).full_name, full_name));
}

const known = [
  "email",
  "phone",
  "full_name",
  "first_name",
  "last_name",
  "country",
  "ip_address",
  "user_agent",
  "landing_page_url",
];

test("a known field that is null or blank is absent, and kept as it came", async () => {
  const other = { email: "jane@example.com", full_name: "Jane Doe" };
  for (const field of known)
    for (const blank of [null, "", " \t"]) {
      const result = await normalised({ ...other, [field]: blank });
      assert.not.ok(field in result, `${field} ${JSON.stringify(blank)}`);
    }
  await normalised({ ...other, consent: null, interest: null });
  await normalised({ ...other, consent: { certificate_url: null, text: "", at: " " }, interest: "" });
  for (const consent of ["", " \t"]) await normalised({ ...other, consent });
});

test("a known field of another type is 400 at its path", async () => {
  for (const field of known)
    for (const wrong of [1, true, [], {}, ["x"]]) {
      const { status, body } = await yard.submit({ email: "jane@example.com", [field]: wrong });
      assert.is(status, 400, field);
      assert.is(body.errors[0].path, field);
    }
  const consent = await yard.submit({ email: "jane@example.com", consent: { text: 1 } });
  assert.is(consent.body.errors[0].path, "consent.text");
  for (const [wrong, paths] of [
    ["yes", ["consent"]],
    [[], ["consent"]],
    [{ certificate_url: 1, text: 2, at: 3 }, ["consent.certificate_url", "consent.text", "consent.at"]],
  ] as const) {
    const { status, body } = await yard.submit({ email: "jane@example.com", consent: wrong });
    assert.is(status, 400);
    assert.equal(
      body.errors.map(({ path }: { path: string }) => path),
      paths,
    );
  }
});

test("everything that is wrong is told at once", async () => {
  const { body } = await yard.submit({ email: "jane@", phone: "12", country: "US" });
  assert.equal(
    body.errors.map(({ path }: { path: string }) => path),
    ["email", "phone"],
  );
});

test("what is not known is kept as it came", async () => {
  const fields = {
    email: "jane@example.com",
    interest: ["a", { b: 1 }],
    "address.zip": "01234",
    n: -0.5,
    deep: { a: [[null]] },
  };
  await normalised(fields);
});

test.run();
