import { z } from "zod";
import { section, url } from "./fields";

/** Whether a contact is a mail address. The check is good enough for a `mailto:` link, its only use. */
export function isMail(contact: string): boolean {
  return /^[\w.+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(contact);
}

/** Links that are shown on every page. */
export const linksSchema = section({
  status: url("an http(s) URL without query, such as https://status.example.org").optional().describe("A status page."),
  contact: z
    .string({ error: "an http(s) URL or a mail address" })
    .refine((value) => isMail(value) || /^https?:\/\/[^\s\p{Cc}\p{Cs}\ufffe\uffff"'<>]+$/u.test(value), {
      error: "an http(s) URL or a mail address, such as help@example.org",
    })
    .optional()
    .describe("Where visitors can ask for help: a URL or a mail address."),
}).describe("Links that are shown on every page.");

export type Links = z.output<typeof linksSchema>;
