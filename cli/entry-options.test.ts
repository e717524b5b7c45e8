import { expect, it } from "vitest";
import { entryChange } from "./entry-options";

const CLOCK = { now: new Date("2026-12-01T20:00:00Z"), timeZone: "UTC" };

it.each<[readonly string[], unknown]>([
  [["Back soon"], "Back soon"],
  [["en: Back soon"], { en: "Back soon" }],
  [["en:Back soon", "fr: À bientôt"], { en: "Back soon", fr: "À bientôt" }],
  [["pt-BR:Voltamos logo"], { "pt-BR": "Voltamos logo" }],
  // No language of the pages, and no space: words.
  [["https://status.example.org"], "https://status.example.org"],
  [["tel:+49301234"], "tel:+49301234"],
])("the message %j is %o", (message, expected) => {
  expect(entryChange({ message }, CLOCK)).toStrictEqual({ message: expected });
});

it("refuses several texts of which one has no language", () => {
  expect(() => entryChange({ message: ["en: Back soon", "À bientôt"] }, CLOCK)).toThrow(
    /^--message\n {2}found: +"À bientôt"/,
  );
});

it("refuses an end before the begin in the words that were typed", () => {
  expect(() => entryChange({ from: "2026-12-03T22:00+01:00", until: "4h" }, CLOCK)).toThrow(
    /^--until\n {2}found: +"4h"\n {2}allowed: {2}a time after --from, which is 3 Dec 2026, 21:00 UTC; 2h counts from now/,
  );
});
