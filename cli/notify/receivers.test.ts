import { expect, it } from "vitest";
import type { Receiver } from "../../settings/notify";
import { StackText } from "../stack-text";
import { hasReceivers, receiversOf } from "./receivers";

const NONE = { notify: [] };
const OPEN: readonly Receiver[] = [
  { kind: "alertmanager", url: "http://alertmanager:9093", matchers: { namespace: "{instance}" }, openEndedFor: 60 },
];
const ENCRYPTED: readonly Receiver[] = [
  { kind: "webhook", url: "https://hooks.example.org", secret: { secure: "v1:abc" } },
];
const SECRET = "0123456789abcdef0123456789abcdef";
const DECRYPTED = [{ kind: "webhook", url: "https://hooks.example.org", secret: SECRET }];

const plain = new StackText("config: {}\n");
const whole = new StackText("config:\n  maintenance-pages:notify:\n    secure: v1:abc\n");
const elsewhere = new StackText("config: {}\n", {
  base: { values: {}, encrypted: new Set(["maintenance-pages:notify"]) },
});

it("are there if the stack's file says so, or hides them", () => {
  expect(hasReceivers(plain, NONE)).toBe(false);
  expect(hasReceivers(plain, { notify: OPEN })).toBe(true);
  expect(hasReceivers(whole, NONE)).toBe(true);
  expect(hasReceivers(elsewhere, NONE)).toBe(true);
});

it("without secrets are not asked of Pulumi", async () => {
  const never = async () => {
    throw new Error("asked");
  };
  expect(await receiversOf(plain, { notify: OPEN }, "test", never)).toStrictEqual(OPEN);
});

it.each([
  ["in part", plain, { notify: ENCRYPTED }],
  ["as a whole", whole, NONE],
  ["elsewhere", elsewhere, NONE],
] as const)("that are encrypted %s are decrypted", async (_, content, settings) => {
  const asked: string[] = [];
  const read = async (name: string, __: StackText, stack: string) => {
    asked.push(`${name} of ${stack}`);
    return JSON.stringify(DECRYPTED);
  };
  expect(await receiversOf(content, settings, "test", read)).toStrictEqual(DECRYPTED);
  expect(asked).toStrictEqual(["notify of test"]);
});

it("that can't be decrypted are refused with the name of the setting, which Pulumi does not say", async () => {
  const refused = receiversOf(whole, NONE, "test", async () => {
    throw new Error("error: incorrect passphrase");
  });
  await expect(refused).rejects.toThrow("Pulumi can't decrypt the setting notify: error: incorrect passphrase");
});

it.each([
  [
    JSON.stringify([{ ...DECRYPTED[0], secret: "too short" }]),
    /^notify\[0\]\.secret: allowed is a secret of 32 characters/,
  ],
  ["too short", /^notify: allowed is a list of receivers/],
])("that are not valid are refused, and not quoted: %s", async (text, message) => {
  const refused = receiversOf(whole, NONE, "test", async () => text);
  await expect(refused).rejects.toThrow(message);
  await expect(refused).rejects.not.toThrow("too short");
});
