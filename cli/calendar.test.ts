import { expect, it } from "vitest";
import type { MaintenanceEntry } from "../model/maintenance";
import { calendarOf } from "./calendar";

const NOW = new Date("2026-12-01T20:00:00Z");
const entry: MaintenanceEntry = {
  instance: { name: "acme", hosts: ["acme.example.org"], title: "Acme; & Sons" },
  kind: "scheduled",
  from: new Date("2027-01-10T19:00:00Z"),
  until: new Date("2027-01-10T22:00:00Z"),
  message: { fr: "Bonjour", en: "We're upgrading,\nback soon" },
  endsAutomatically: false,
  bypass: false,
  state: "planned",
};

it("has a window as an event, in UTC, with its message", () => {
  const lines = calendarOf([entry], { status: "https://status.example.org" }, ["en", "fr"], NOW).split("\r\n");
  expect(lines[0]).toBe("BEGIN:VCALENDAR");
  expect(lines).toContain("DTSTART:20270110T190000Z");
  expect(lines).toContain("DTEND:20270110T220000Z");
  expect(lines).toContain("DTSTAMP:20261201T200000Z");
  expect(lines).toContain("SUMMARY:Acme\\; & Sons: scheduled maintenance");
  expect(lines).toContain("DESCRIPTION:We're upgrading\\,\\nback soon");
  expect(lines).toContain("URL:https://status.example.org");
  expect(lines).toContain(`UID:acme-${entry.from?.getTime()}@maintenance-pages`);
});

it("passes over what is no window", () => {
  const calendar = calendarOf(
    [
      { ...entry, from: undefined },
      { ...entry, until: undefined },
    ],
    {},
    ["en"],
    NOW,
  );
  expect(calendar).not.toContain("BEGIN:VEVENT");
});
