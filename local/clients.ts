/** Who asks, with the headers that tell the page server which format it wants; and what it has to get. */
export interface Client {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The media type of the answer, or `nothing` for an empty body. */
  readonly gets: string;
}

const HTML = "text/html; charset=utf-8";
const JSON_PROBLEM = "application/problem+json";
const XML_PROBLEM = "application/problem+xml";
const TEXT = "text/plain; charset=utf-8";

const CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8";
const FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/**
 * Accept headers as they are really sent (browsers':
 * https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/Content_negotiation/List_of_default_Accept_values), and some
 * that only the rule for q-values can tell apart.
 */
export const CLIENTS: readonly Client[] = [
  { name: "Chrome, a page", headers: { accept: CHROME, "sec-fetch-dest": "document" }, gets: HTML },
  { name: "Firefox, a page", headers: { accept: FIREFOX, "sec-fetch-dest": "document" }, gets: HTML },
  { name: "Safari, a page", headers: { accept: FIREFOX }, gets: HTML },
  {
    name: "a page in a frame, without a preference",
    headers: { accept: "*/*", "sec-fetch-dest": "iframe" },
    gets: HTML,
  },
  { name: "Googlebot, a page", headers: { accept: `${CHROME.replace("image/avif,", "")}` }, gets: HTML },
  {
    name: "Chrome, an image",
    headers: { accept: "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8" },
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
  { name: "fetch() without a preference", headers: { accept: "*/*", "sec-fetch-dest": "empty" }, gets: JSON_PROBLEM },
  { name: "fetch() of HTML", headers: { accept: "text/html", "sec-fetch-dest": "empty" }, gets: HTML },
  { name: "axios", headers: { accept: "application/json, text/plain, */*" }, gets: JSON_PROBLEM },
  { name: "jQuery, JSON", headers: { accept: "application/json, text/javascript, */*; q=0.01" }, gets: JSON_PROBLEM },
  { name: "Open edX mobile app", headers: { accept: "application/json" }, gets: JSON_PROBLEM },
  { name: "a JSON:API client", headers: { accept: "application/vnd.api+json" }, gets: JSON_PROBLEM },
  { name: "curl", headers: { accept: "*/*" }, gets: JSON_PROBLEM },
  { name: "no Accept at all", headers: {}, gets: JSON_PROBLEM },
  { name: "a monitoring tool", headers: { accept: "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1" }, gets: HTML },
  { name: "an LTI or SAML client", headers: { accept: "application/xml, text/xml;q=0.9" }, gets: XML_PROBLEM },
  { name: "a terminal browser", headers: { accept: "text/plain, text/html;q=0.9" }, gets: TEXT },
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
];
