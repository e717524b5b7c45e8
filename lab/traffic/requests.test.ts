import { expect, it } from "vitest";
import { REQUESTS } from "./requests";

const HEAD = `# Who gets what

What an instance in maintenance answers to each request, by the request's headers. The stack's first language is English.
Written by lab/traffic/requests.test.ts from the requests that the end-to-end tests send to a real page server.
\`npm run docs\` writes it.

| request | Accept | Accept-Language | Sec-Fetch-Dest | gets | in |
| --- | --- | --- | --- | --- | --- |
`;

const code = (text: string | undefined) => (text === undefined ? "" : `\`${text.replaceAll("|", "\\|")}\``);

it("docs/requests.md says what the end-to-end tests expect", async () => {
  const rows = REQUESTS.map(({ name, headers, gets, language = "en" }) => {
    const sent = ["accept", "accept-language", "sec-fetch-dest"].map((header) => code(headers[header]));
    return `| ${[name, ...sent, gets, gets === "nothing" ? "" : language].join(" | ")} |\n`;
  });
  await expect(HEAD + rows.join("")).toMatchFileSnapshot("../../docs/requests.md");
});
