import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { paragraphsOf, partsOf } from "./message";

const linksIn = (text: string) => partsOf(text).flatMap(({ url }) => url ?? []);

describe("a paragraph's links", () => {
  it.each([
    ["See https://status.example.org/now?a=b&c=d.", ["https://status.example.org/now?a=b&c=d"]],
    ["(http://example.org/a_(b))", ["http://example.org/a_(b)"]],
    ["Write to help@example.org, please", ["mailto:help@example.org"]],
    ["Courses at example.org and www.example.org", []],
    ["//example.org ftp://example.org javascript:alert(1) data:text/html,x", []],
    ["https://пример.example/путь", ["https://пример.example/путь"]],
  ])("of %s", (text, links) => {
    expect(linksIn(text)).toStrictEqual(links);
  });

  it("are http(s) or mail addresses, and do not change the text", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string({ unit: "grapheme" }), fc.webUrl(), fc.emailAddress(), fc.constant(" "))),
        (pieces) => {
          const text = pieces.join("");
          expect(
            partsOf(text)
              .map((part) => part.text)
              .join(""),
          ).toBe(text);
          for (const link of linksIn(text)) expect(link).toMatch(/^(?:https?:\/\/|mailto:)/i);
        },
      ),
    );
  });
});

it("an empty line starts a paragraph, a line break does not", () => {
  expect(paragraphsOf("one\ntwo\n\nthree\r\n \t\r\n\nfour")).toStrictEqual(["one\ntwo", "three", "four"]);
});
