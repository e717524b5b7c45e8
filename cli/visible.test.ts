import { expect, it } from "vitest";
import { visibleLine, visibleLines } from "./visible";

const FORGED = "office\u001b[1A\u001b[2K\nok  routes";

it("shows control characters, and lets no text of others begin a line", () => {
  expect(visibleLine(FORGED)).toBe("office\\u001b[1A\\u001b[2K ok  routes");
  expect(visibleLine("x\u001b]0;pwned\u0007.example.org\r\n")).toBe("x\\u001b]0;pwned\\u0007.example.org ");
  expect(visibleLine("\u009b2K\u202e")).toBe("\\u009b2K\\u202e");
});

it("keeps line breaks where they are wanted", () => {
  expect(visibleLines(FORGED)).toBe("office\\u001b[1A\\u001b[2K\nok  routes");
  expect(visibleLines("2 errors:\r\n\t* one\n\t* two")).toBe("2 errors:\n  * one\n  * two");
});

it("keeps texts of our own, such as the indentation of a remedy", () => {
  for (const text of ["  `git pull`, and look again → it", "…: “acme”, Löschen"]) expect(visibleLine(text)).toBe(text);
});
