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
  [["Note: back soon"], "Note: back soon"],
  [["EN: Back soon", "PT-br: Voltamos logo"], { en: "Back soon", "pt-BR": "Voltamos logo" }],
  // No words: the entry's message is taken away.
  [[""], undefined],
])("the message %j is %o", (message, expected) => {
  expect(entryChange({ message: [...message] }, CLOCK)).toStrictEqual({ message: expected });
});

it.each([
  ["has no language", "À bientôt"],
  ["has the language of another", "EN: À bientôt"],
])("refuses several texts of which one %s", (_, text) => {
  const message = ["en: Back soon", text];
  expect(() => entryChange({ message }, CLOCK)).toThrow(new RegExp(`^--message\n {2}found: +"${text}"`));
});

it("refuses an end before the begin in the words that were typed", () => {
  expect(() => entryChange({ from: "2026-12-03T22:00+01:00", until: "4h" }, CLOCK)).toThrow(
    /^--until\n {2}found: +"4h"\n {2}allowed: {2}a time after --from, which is 3 Dec 2026, 21:00 UTC; 2h counts from now/,
  );
});
