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

// Every stack's file, also yours: a mistake is found here, before the stack is run.

it.each(stacks)("the configuration of the stack %s is valid", (stack) => {
  expect(() => read(stack)).not.toThrow();
});

it.each(stacks)("the pages of the stack %s can be rendered, in any state", (stack) => {
  const settings = read(stack);
  const pageSettings = { ...settings, clients: readClients(settings.instances, settings.theme) };
  renderSharedPages(pageSettings);
  renderFailurePages(settings.instances, pageSettings);
  for (const entry of settings.maintenance) {
    for (const state of ["active", "overdue"] as const) renderInstancePages({ ...entry, state }, pageSettings);
  }
  for (const instance of settings.instances) {
    for (const kind of ["unscheduled", "provisioning"] as const) {
      renderInstancePages(plainEntry(instance, kind), pageSettings);
    }
  }
});

it.each(clientNames())("the folder pages/clients/%s belongs to an instance of a stack", (client) => {
  expect(stacks.flatMap((stack) => read(stack).instances.map(({ name }) => name))).toContain(client);
});

function read(stack: string): Settings {
  // No kubeconfig: each run of a stack checks that it leads to the right cluster.
  const text = readFileSync(stackFileOf(root, stack), "utf8");
  const encrypted = encryptedIn(parse(text));
  return readSettings(configIn(parse(text)), new Date(), {
    kubeconfigs: () => [],
    isEncrypted: (key) => encrypted.has(key),
  });
}
