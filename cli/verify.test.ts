import { describe, expect, it } from "vitest";
import { edgesOf } from "../components/edges";
import { edgesSchema } from "../components/edges/settings";
import type { ExpectedPage } from "./expected";
import type { Seen } from "./probe";
import { isMet, type View, whyNot } from "./verify";

const edges = edgesOf(edgesSchema.parse(undefined));
const [edge] = edges;
if (edge === undefined) throw new Error("no edge");

const viewOf = (expected?: ExpectedPage): View => ({
  edges,
  mark: "1a2b3c4d",
  pages: new Map(expected === undefined ? [] : [["acme", expected]]),
});

const page = {
  what: "page",
  status: 503,
  instance: "acme",
  kind: "scheduled",
  stack: "1a2b3c4d",
  revision: "0123456789abcdef",
  source: "instance",
} as const satisfies Seen;

const own: ExpectedPage = { kind: "scheduled", source: "instance", revision: page.revision };
const shared: ExpectedPage = { kind: "scheduled", source: "shared" };

describe("an instance in maintenance shows", () => {
  it.each<[string, Seen, ExpectedPage, boolean]>([
    ["its own page", page, own, true],
    ["the page of all instances", { ...page, revision: "-", source: "shared" }, shared, true],
    ["an earlier page of its own", { ...page, revision: "ffffffffffffffff" }, own, false],
    ["a page of another kind", { ...page, kind: "unscheduled" }, own, false],
    ["the page of all instead of its own", { ...page, source: "shared" }, own, false],
    ["the page server's copy", { ...page, source: "embedded" }, own, false],
    ["the page server's copy of the page of all", { ...page, revision: "-", source: "embedded" }, shared, false],
    ["another stack's page", { ...page, stack: "ffffffff" }, own, false],
    ["another instance's page", { ...page, instance: "beta" }, own, false],
    ["its application", { what: "other", status: 200 }, own, false],
  ])("%s: as it should be is %4$s", (_, seen, expected, isRight) => {
    expect(isMet("page", "acme", viewOf(expected), seen)).toBe(isRight);
  });
});

it.each<[Seen, boolean]>([
  [{ what: "other", status: 502 }, true],
  [{ what: "failure", status: 502 }, true],
  [{ what: "not-found", status: 404 }, true],
  [page, false],
  [{ what: "nothing", reason: "refused" }, false],
])("an open instance may answer %o: %s", (seen, isRight) => {
  expect(isMet("open", "acme", viewOf(), seen)).toBe(isRight);
});

it.each<[string, Seen, ExpectedPage, boolean, RegExp]>([
  ["the page of all", { ...page, source: "shared" }, own, true, /without the message, the window and the look/],
  [
    "a copy",
    { ...page, source: "embedded" },
    own,
    true,
    /the page server's own copy.*can't read the page in the bucket/,
  ],
  ["a line of text", { ...page, source: "none" }, own, true, /a line of text and no page/],
  ["an earlier page", { ...page, revision: "f" }, own, false, /an earlier page of this instance/],
  ["another instance's page", { ...page, instance: "beta" }, own, false, /another instance's page/],
  ["nothing", { what: "nothing", reason: "refused" }, own, false, /DNS leads elsewhere/],
])("the reason for %s", (_, seen, expected, isCopy, why) => {
  const reason = whyNot("page", { instance: "acme", host: "acme.example.org", edge, seen }, viewOf(expected));
  expect(reason).toStrictEqual({ why: expect.stringMatching(why), isCopy });
});
