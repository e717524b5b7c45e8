import { expect, it } from "vitest";
import { plainEntry } from "../model/maintenance";
import { entryPage } from "./entry-page";
import { StackText } from "./stack-text";

const NOW = new Date("2026-12-01T20:00:00Z");
const settings = new StackText(`config:
  maintenance-pages:kubernetes: {context: here}
  maintenance-pages:bucket: {profile: aws, name: example-pages, region: eu-central-1}
  maintenance-pages:instances: [acme]
  maintenance-pages:hostPatterns: ["{instance}.example.org"]
  maintenance-pages:languages: [en, de]
`).settings(NOW);
const entry = plainEntry({ name: "acme", hosts: ["acme.example.org"] }, "unscheduled");

it("is the page of an entry that has not begun, in a language", () => {
  const planned = { ...entry, state: "planned" as const, message: { de: "Bis gleich" } };
  const { text } = entryPage(planned, "de", settings);
  expect(text).toMatch(/^acme\.example\.org\n/);
  expect(text).toContain("Nachricht vom Team:\n\nBis gleich\n");
});

it("is the page of all instances when the entry says nothing more", () => {
  expect(entryPage(entry, "en", settings).html).toMatch(/^<!DOCTYPE html>/i);
});
