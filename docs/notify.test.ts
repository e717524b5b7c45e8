import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { EVENTS } from "../cli/notify/events";
import { notificationSchema } from "../cli/notify/message";
import { signatureHeaders } from "../cli/notify/signature";

// What docs/notify.md says of the webhook is what is sent, and its example verifies it.

const TEXT = readFileSync(join(__dirname, "notify.md"), "utf8");
const block = (language: string) => new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(TEXT)?.[1] ?? "";

it("has a document of the shape that is sent, and says what each field means", () => {
  const document = notificationSchema.parse(JSON.parse(block("json")));
  const fields = [...Object.keys(document), ...Object.keys(document.events[0] ?? {})].filter(
    (name) => name !== "events",
  );
  const described = [...TEXT.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell = ""]) =>
    cell.replaceAll("`", "").split(", "),
  );
  expect(described).toStrictEqual(expect.arrayContaining([...fields, ...EVENTS]));
});

it("has an example that accepts what is signed, and nothing else", async () => {
  const folder = mkdtempSync(join(tmpdir(), "notify-"));
  try {
    const file = join(folder, "example.mjs");
    writeFileSync(file, block("js"));
    const { isGenuine } = (await import(pathToFileURL(file).href)) as {
      readonly isGenuine: (headers: Readonly<Record<string, string>>, body: string, secret: string) => boolean;
    };
    const [secret, body] = ["0123456789abcdef0123456789abcdef", '{"message":"À bientôt"}'];
    const signed = (time = new Date()) =>
      Object.fromEntries(
        Object.entries(signatureHeaders(secret, time, body)).map(([name, value]) => [name.toLowerCase(), value]),
      );
    expect(isGenuine(signed(), body, secret)).toBe(true);
    expect(isGenuine(signed(), `${body} `, secret)).toBe(false);
    expect(isGenuine(signed(), body, `${secret}x`)).toBe(false);
    expect(isGenuine(signed(new Date(Date.now() - 3_600_000)), body, secret)).toBe(false);
    expect(isGenuine({}, body, secret)).toBe(false);
    const later = { ...signed(), "maintenance-pages-timestamp": String(Math.floor(Date.now() / 1000) + 1) };
    expect(isGenuine(later, body, secret)).toBe(false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
