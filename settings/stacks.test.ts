import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { plainEntry } from "../model/maintenance";
import { clientNames, readClients } from "../pages/clients";
import { renderFailurePages, renderInstancePages, renderSharedPages } from "../pages/render";
import { readSettings, type Settings } from "./read";
import { configIn, encryptedIn, stackFileOf, stacksIn } from "./stack-file";

const root = join(__dirname, "..");
const stacks = stacksIn(root).filter((stack) => stack !== "local");

// Every stack's file, yours too: a mistake in one is found here, before anybody runs it.

it.each(stacks)("the configuration of the stack %s is valid", (stack) => {
  expect(() => read(stack)).not.toThrow();
});

it.each(stacks)("the pages of the stack %s can be shown, at any time", (stack) => {
  const settings = read(stack);
  const look = { ...settings, clients: readClients(settings.instances, settings.theme) };
  renderSharedPages(look);
  renderFailurePages(settings.instances, look);
  for (const entry of settings.maintenance) {
    for (const state of ["active", "overdue"] as const) renderInstancePages({ ...entry, state }, look);
  }
  for (const instance of settings.instances) {
    for (const kind of ["unscheduled", "provisioning"] as const) {
      renderInstancePages(plainEntry(instance, kind), look);
    }
  }
});

it.each(clientNames())("the folder pages/clients/%s is an instance's of one of the stacks", (client) => {
  expect(stacks.flatMap((stack) => read(stack).instances.map(({ name }) => name))).toContain(client);
});

function read(stack: string): Settings {
  // No kubeconfig: whether it leads to the right cluster is asked where it is, at each run.
  const text = readFileSync(stackFileOf(root, stack), "utf8");
  const encrypted = encryptedIn(parse(text));
  return readSettings(
    configIn(parse(text)),
    new Date(),
    () => [],
    undefined,
    (key) => encrypted.has(key),
  );
}
