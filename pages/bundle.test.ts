import { expect, it } from "vitest";
import { bundle } from "./bundle";

// test/e2e/page-server.test.ts checks the output of a real nginx.

it("contains the text of each language; the first is the default", () => {
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

it("stores common parts once", () => {
  const texts = ["en", "fr"].map((language) => ({ language, body: `<${language}>STYLE<p>SCRIPT</p>` }));
  const [first, ...others] = texts;
  if (first === undefined) throw new Error("no text");
  expect(bundle([first, ...others], ["STYLE", "SCRIPT"])).toBe(
    '<!--# if expr="$language = fr" --><fr><!--# else --><en><!--# endif -->STYLE<p>SCRIPT</p>',
  );
});

it("stores a part with each version when one of them does not have it", () => {
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

it("escapes directives in a text", () => {
  const text = bundle([{ language: "en", body: 'a <!--#include virtual="/x" --> <!--# b' }]);
  expect(text.match(/<!--#[^>]*>/g)).toStrictEqual([
    '<!--# echo var="lt" encoding="none" -->',
    '<!--# echo var="lt" encoding="none" -->',
  ]);
});
