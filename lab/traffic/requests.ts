/** A request, with the headers by which the page server chooses format and language, and the answer that it must get. */
export interface SampleRequest {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The media type of the answer, or `nothing` for an empty body. */
  readonly gets: string;
  /** The language of the answer, if it is not the stack's first. @default "en" */
  readonly language?: string;
}

const HTML = "text/html; charset=utf-8";
const JSON_PROBLEM = "application/problem+json";
const XML_PROBLEM = "application/problem+xml";
const TEXT = "text/plain; charset=utf-8";

const CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8";
const FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/**
 * Headers as they are really sent (browsers' Accept:
 * https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/Content_negotiation/List_of_default_Accept_values), and some
 * that only the rules for q-values and names of languages can tell apart.
 */
export const REQUESTS: readonly SampleRequest[] = [
  // --- browsers and what they ask for
  {
    name: "Chrome in German, a page",
    headers: { accept: CHROME, "accept-language": "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7", "sec-fetch-dest": "document" },
    gets: HTML,
    language: "de",
  },
  {
    name: "Firefox in French, a page",
    headers: {
      accept: FIREFOX,
      "accept-language": "fr,fr-FR;q=0.8,en-US;q=0.5,en;q=0.3",
      "sec-fetch-dest": "document",
    },
    gets: HTML,
    language: "fr",
  },
  {
    name: "Safari in Arabic, a page",
    headers: { accept: FIREFOX, "accept-language": "ar-SA,ar;q=0.9" },
    gets: HTML,
    language: "ar",
  },
  {
    name: "Chrome in Taiwan, a page",
    headers: { accept: CHROME, "accept-language": "zh-TW,zh;q=0.9,en-US;q=0.8,en;q=0.7" },
    gets: HTML,
    language: "zh-Hant",
  },
  {
    name: "a page in a frame, without a preference",
    headers: { accept: "*/*", "accept-language": "pt-PT,pt;q=0.9", "sec-fetch-dest": "iframe" },
    gets: HTML,
    language: "pt-BR",
  },
  {
    name: "Chrome, an image",
    headers: { accept: "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", "accept-language": "de" },
    gets: "nothing",
  },
  { name: "Firefox, an image", headers: { accept: "*/*", "sec-fetch-dest": "image" }, gets: "nothing" },
  { name: "a style sheet", headers: { accept: "text/css,*/*;q=0.1" }, gets: "nothing" },
  { name: "a script", headers: { accept: "*/*", "sec-fetch-dest": "script" }, gets: "nothing" },
  {
    name: "a font",
    headers: { accept: "application/font-woff2;q=1.0,*/*;q=0.8", "sec-fetch-dest": "font" },
    gets: "nothing",
  },
  // --- browser applications
  {
    name: "fetch() without a preference",
    headers: { accept: "*/*", "accept-language": "de", "sec-fetch-dest": "empty" },
    gets: JSON_PROBLEM,
    language: "de",
  },
  {
    name: "fetch() of HTML",
    headers: { accept: "text/html", "accept-language": "sv-SE,sv;q=0.9", "sec-fetch-dest": "empty" },
    gets: HTML,
    language: "sv",
  },
  { name: "axios", headers: { accept: "application/json, text/plain, */*" }, gets: JSON_PROBLEM },
  { name: "jQuery, JSON", headers: { accept: "application/json, text/javascript, */*; q=0.01" }, gets: JSON_PROBLEM },
  // --- programs
  {
    name: "Open edX mobile app",
    headers: { accept: "application/json", "accept-language": "he-IL" },
    gets: JSON_PROBLEM,
    language: "he",
  },
  { name: "a JSON:API client", headers: { accept: "application/vnd.api+json" }, gets: JSON_PROBLEM },
  { name: "curl", headers: { accept: "*/*" }, gets: JSON_PROBLEM },
  { name: "no Accept at all", headers: {}, gets: JSON_PROBLEM },
  { name: "Googlebot, a page", headers: { accept: CHROME.replace("image/avif,", "") }, gets: HTML },
  {
    name: "a monitoring tool",
    headers: { accept: "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1", "accept-language": "*" },
    gets: HTML,
  },
  { name: "an LTI or SAML client", headers: { accept: "application/xml, text/xml;q=0.9" }, gets: XML_PROBLEM },
  {
    name: "a terminal browser in Ukrainian",
    headers: { accept: "text/plain, text/html;q=0.9", "accept-language": "uk" },
    gets: TEXT,
    language: "uk",
  },
  // --- the rules
  {
    name: "q-values against the order",
    headers: { accept: "text/html;q=0.5, application/json;q=0.8" },
    gets: JSON_PROBLEM,
  },
  { name: "equal q-values in their order", headers: { accept: "text/plain;q=0.7, text/html;q=0.7" }, gets: TEXT },
  { name: "q=0 is a refusal", headers: { accept: "text/html;q=0, application/xml;q=0.1" }, gets: XML_PROBLEM },
  {
    name: "parameters before q",
    headers: { accept: "text/html;level=1;q=0.3, text/plain;format=flowed;q=0.4" },
    gets: TEXT,
  },
  { name: "a type that we do not have", headers: { accept: "application/pdf" }, gets: JSON_PROBLEM },
  {
    name: "languages by their q-values, against the order",
    headers: { accept: "text/html", "accept-language": "en;q=0.5, fa;q=0.9" },
    gets: HTML,
    language: "fa",
  },
  {
    name: "a language that we do not have, before one that we have",
    headers: { accept: "text/html", "accept-language": "tlh, cy;q=0.9, ja;q=0.4" },
    gets: HTML,
    language: "ja",
  },
  {
    name: "q=0 refuses a language",
    headers: { accept: "text/html", "accept-language": "ar;q=0, fr;q=0.1" },
    gets: HTML,
    language: "fr",
  },
  {
    name: "a language by its old name",
    headers: { accept: "text/html", "accept-language": "iw-IL" },
    gets: HTML,
    language: "he",
  },
  {
    name: "a language and its script",
    headers: { accept: "text/html", "accept-language": "zh-Hans-HK" },
    gets: HTML,
    language: "zh-Hans",
  },
  {
    name: "what is no language at all",
    headers: { accept: "text/html", "accept-language": "../../etc/passwd, <script>, de/x" },
    gets: HTML,
  },
];
