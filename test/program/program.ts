import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";

/** A resource as the program declared it to the engine. */
export interface Declared {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly provider: string;
}

/** What a run of the whole program declared and gave out. */
export interface Run {
  readonly resources: readonly Declared[];
  readonly outputs: Readonly<Record<string, unknown>>;
  /** The one resource of a type and name; an error when there is none. */
  find(type: string, name: string): Declared;
}

/**
 * Runs `index.ts` against a mocked engine (the resource graph only: nothing is made) with the configuration of a stack
 * file. A process can do this once, since Pulumi's runtime and the program are module state.
 *
 * @param stack the stack file's name, such as `staging` for Pulumi.staging.yaml.
 * @param more configuration in place of the file's, by key without the namespace.
 */
export async function runProgram(
  stack: string,
  more: Readonly<Record<string, unknown>> = {},
  now = "2026-12-01T12:00:00Z",
): Promise<Run> {
  const resources: Declared[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs, provider, id }) => {
        if (!KNOWN.test(type)) throw new Error(`the program declares a resource that the mocks do not know: ${type}`);
        resources.push({ type, name, inputs, provider: provider ?? "" });
        // What is read and not declared: the Service of an instance with a bypass.
        const found = name.startsWith("instance-") ? CADDY : {};
        return { id: id ?? `${name}-id`, state: { ...found, ...inputs } };
      },
      call: ({ token }) => {
        throw new Error(`the program calls a function that the mocks do not know: ${token}`);
      },
    },
    "maintenance-pages",
    stack,
    false,
  );
  const root = join(__dirname, "..", "..");
  const file = parse(readFileSync(join(root, `Pulumi.${stack}.yaml`), "utf8")) as { config: Record<string, unknown> };
  const config = { ...file.config };
  for (const [key, value] of Object.entries(more)) config[`maintenance-pages:${key}`] = value;
  pulumi.runtime.setAllConfig(
    Object.fromEntries(
      Object.entries(config).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
    ),
  );
  process.env.MAINTENANCE_PAGES_NOW = now;
  // No kubeconfig of this machine: the examples are for clusters that nobody has.
  process.env.KUBECONFIG = "/nonexistent";

  const { default: program } = await import("../../index.js");
  const declared = await program();
  const outputs = await new Promise<Run["outputs"]>((resolve) => pulumi.output({ ...declared }).apply(resolve));
  await pulumi.runtime.disconnect();
  return {
    resources,
    outputs,
    find(type, name) {
      const found = resources.find((resource) => resource.type === type && resource.name === name);
      if (found === undefined) {
        throw new Error(`no ${type} ${name} among ${resources.map((one) => `${one.type} ${one.name}`).join(", ")}`);
      }
      return found;
    },
  };
}

const CADDY = { spec: { selector: { app: "caddy" }, ports: [{ name: "http", port: 80, targetPort: 8000 }] } };

const KNOWN = /^(?:aws:s3\/|kubernetes:|pulumi:providers:(?:aws|kubernetes)$|maintenance-pages:index:)/;
