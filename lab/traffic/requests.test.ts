import { expect, it } from "vitest";
import { CLIENTS } from "./requests";

const HEAD = `# Who gets what

What each client gets from an instance in maintenance, in a stack whose first language is English, by the headers it sends.
Written by lab/traffic/requests.test.ts from the list that the end-to-end tests send to a real page server;
\`npx vitest run lab/traffic/requests.test.ts --update\` writes it anew.

| client | Accept | Accept-Language | Sec-Fetch-Dest | gets | in |
| --- | --- | --- | --- | --- | --- |
`;

const code = (text: string | undefined) => (text === undefined ? "" : `\`${text.replaceAll("|", "\\|")}\``);

it("docs/clients.md says what the end-to-end tests expect", async () => {
  const rows = CLIENTS.map(({ name, headers, gets, language = "en" }) => {
    const sent = ["accept", "accept-language", "sec-fetch-dest"].map((header) => code(headers[header]));
    return `| ${[name, ...sent, gets, gets === "nothing" ? "" : language].join(" | ")} |\n`;
  });
  await expect(HEAD + rows.join("")).toMatchFileSnapshot("../../docs/clients.md");
});
