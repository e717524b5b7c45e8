import { expect, it } from "vitest";
import { bundle } from "./bundle";

// That nginx lets through what went in is shown on a real one: test/e2e/page-server.test.ts.

it("offers each language's text, the first for everybody else", () => {
  expect(
    bundle([
      { language: "en", body: "Hello" },
      { language: "fr", body: "Bonjour" },
      { language: "zh-Hant", body: "你好" },
    ]),
  ).toBe(
    '<!--# if expr="$language = fr" -->Bonjour<!--# elif expr="$language = zh-Hant" -->你好<!--# else -->Hello<!--# endif -->',
  );
});

it("keeps what all have in common once", () => {
  const texts = ["en", "fr"].map((language) => ({ language, body: `<${language}>STYLE<p>SCRIPT</p>` }));
  const [first, ...others] = texts;
  if (first === undefined) throw new Error("no text");
  expect(bundle([first, ...others], ["STYLE", "SCRIPT"])).toBe(
    '<!--# if expr="$language = fr" --><fr><!--# else --><en><!--# endif -->STYLE<p>SCRIPT</p>',
  );
});

it("keeps with each what not all of them have", () => {
  expect(
    bundle(
      [
        { language: "en", body: "aSTYLEb" },
        { language: "fr", body: "c" },
      ],
      ["STYLE"],
    ),
  ).toBe('<!--# if expr="$language = fr" -->c<!--# else -->aSTYLEb<!--# endif -->');
});

it("leaves nothing of a text for nginx to do", () => {
  const text = bundle([{ language: "en", body: 'a <!--#include virtual="/x" --> <!--# b' }]);
  expect(text.match(/<!--#[^>]*>/g)).toStrictEqual([
    '<!--# echo var="lt" encoding="none" -->',
    '<!--# echo var="lt" encoding="none" -->',
  ]);
});
