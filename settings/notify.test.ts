import { describe, expect, it } from "vitest";
import { SettingsError } from "../model/problems";
import { readSettings } from "./read";

const SECRET = "Tr0ub4dor&3Tr0ub4dor&3Tr0ub4dor&3";
const ENCRYPTED = { secure: "v1:abc" };
const webhook = { kind: "webhook", url: "https://hooks.example.org/a?token=b", secret: ENCRYPTED };
const slack = { kind: "slack", url: ENCRYPTED };
const alertmanager = { kind: "alertmanager", url: "https://alertmanager.example.org/prefix" };

const read = (notify: unknown, isEncrypted = false, hidesReceivers = false) =>
  readSettings(
    {
      "maintenance-pages:kubernetes": '{"context":"here"}',
      "maintenance-pages:bucket": '{"profile":"aws","name":"example-pages","region":"eu-central-1"}',
      "maintenance-pages:instances": '["acme"]',
      "maintenance-pages:hostPatterns": '["{instance}.example.org"]',
      "maintenance-pages:notify": typeof notify === "string" ? notify : JSON.stringify(notify),
    },
    new Date("2026-12-01T20:00:00Z"),
    { kubeconfigs: () => undefined, isEncrypted: () => isEncrypted, hidesReceivers },
  ).notify;

function problemsOf(notify: unknown, isEncrypted = false) {
  try {
    read(notify, isEncrypted);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

const placesOf = (notify: unknown, isEncrypted = false) => problemsOf(notify, isEncrypted).map(({ path }) => path);

describe("receivers", () => {
  it("are read from the stack's file, with their secrets encrypted, and defaults", () => {
    expect(read([webhook, slack, alertmanager])).toStrictEqual([
      webhook,
      slack,
      { ...alertmanager, matchers: { namespace: "{instance}" }, openEndedFor: 60 },
    ]);
  });

  it("are read in the program, where Pulumi has decrypted them", () => {
    const decrypted = [
      { ...webhook, secret: SECRET },
      { ...slack, url: "https://hooks.slack.com/services/T/B/x" },
    ];
    expect(read(decrypted, true)).toStrictEqual(decrypted);
    expect(placesOf([{ ...webhook, secret: "short" }], true)).toStrictEqual(["notify[0].secret"]);
  });

  it("are none that the command knows if the whole setting is encrypted: it decrypts them when it sends", () => {
    expect(read("v1:abc", true, true)).toStrictEqual([]);
    expect(placesOf("v1:abc", true)).toStrictEqual(["notify"]);
  });

  it("with a secret in plain text are refused, with what to do, and never quoted", () => {
    const exposed = [
      { ...webhook, secret: SECRET },
      { ...slack, url: `https://hooks.slack.com/${SECRET}` },
      { ...alertmanager, username: "kim", password: SECRET },
      { ...alertmanager, bearerToken: SECRET },
    ];
    const problems = problemsOf(exposed);
    expect(problems.map(({ path, found }) => [path, found])).toStrictEqual([
      ["notify[0].secret", "plain text"],
      ["notify[1].url", "plain text"],
      ["notify[2].password", "plain text"],
      ["notify[3].bearerToken", "plain text"],
    ]);
    expect(problems[0]?.allowed).toContain("pulumi config set --secret --path 'notify[0].secret'");
    expect(JSON.stringify(problems)).not.toContain(SECRET);
  });

  it.each<[unknown]>([
    [SECRET],
    [{ secret: SECRET }],
    [[SECRET]],
    [[{ ...webhook, secert: SECRET }]],
    [[{ ...webhook, secret: [SECRET] }]],
    [[{ ...webhook, url: `ftp://${SECRET}` }]],
    [[{ ...slack, url: SECRET }]],
    [[{ ...alertmanager, password: `${SECRET}\n`, bearerToken: `${SECRET}\n` }]],
    [[{ ...alertmanager, url: `https://kim:${SECRET}@alertmanager.example.org` }]],
  ])("are never quoted with any problem of %j", (notify) => {
    for (const problems of [problemsOf(notify), problemsOf(notify, true)]) {
      expect(JSON.stringify(problems)).not.toContain(SECRET);
    }
    expect(problemsOf(notify)).not.toStrictEqual([]);
  });

  it.each<[string, unknown, unknown]>([
    [
      "of an unknown kind",
      [{ ...webhook, kind: "webhok" }],
      { path: "notify[0].kind", found: "webhok", allowed: "webhook or slack or alertmanager", nearest: "webhook" },
    ],
    [
      "after a place that was left out",
      [null, webhook],
      { path: "notify[0]", found: null, allowed: expect.stringContaining("an object with kind: webhook") },
    ],
    ["that are no list", webhook, { path: "notify", allowed: "a list of receivers, each an object with its kind" }],
    [
      "with a misspelled setting",
      [{ ...alertmanager, matcher: {} }],
      { path: "notify[0].matcher", found: "(not shown)", nearest: "matchers" },
    ],
    [
      "that would silence every instance",
      [{ ...alertmanager, matchers: { severity: "critical" } }],
      { path: "notify[0].matchers", allowed: expect.stringContaining("at least one of them with {instance}") },
    ],
    [
      "with a label that can't be one",
      [{ ...alertmanager, matchers: { "name space": "{instance}" } }],
      { path: 'notify[0].matchers["name space"]' },
    ],
    [
      "without a regular expression",
      [{ ...alertmanager, matchers: { namespace: "{instance}", job: "=~" } }],
      { path: "notify[0].matchers", allowed: "a regular expression after =~" },
    ],
    [
      "with a silence that is too short",
      [{ ...alertmanager, openEndedFor: 1 }],
      { path: "notify[0].openEndedFor", found: 1, nearest: "15" },
    ],
    [
      "with two kinds of credentials",
      [{ ...alertmanager, bearerToken: ENCRYPTED, username: "kim", password: ENCRYPTED }],
      { path: "notify[0].bearerToken", allowed: "either bearerToken, or username and password" },
    ],
    ["with half of the credentials", [{ ...alertmanager, username: "kim" }], { path: "notify[0].password" }],
    ["with the other half", [{ ...alertmanager, password: ENCRYPTED }], { path: "notify[0].username" }],
    [
      "with the path of the API",
      [{ ...alertmanager, url: "https://alertmanager.example.org/api/v2" }],
      { path: "notify[0].url", allowed: expect.stringContaining("without /api/v2") },
    ],
    ["with http to Slack", [{ ...slack, url: "http://hooks.slack.com/x" }], { path: "notify[0].url" }],
  ])("%s are refused", (_, notify, problem) => {
    const isSlack = JSON.stringify(notify).includes("hooks.slack.com");
    expect(problemsOf(notify, isSlack)).toMatchObject([problem]);
  });
});
