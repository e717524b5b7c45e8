import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { tryCommand } from "../lab/cluster/commands";
import { LocalError } from "../lab/cluster/errors";
import { whenInterrupted } from "../lab/interrupted";
import { type EdgeKind, type Lab, startLab } from "../lab/lab";
import { readOptions } from "../lab/options";
import { UpFailed } from "../lab/stack";
import { benchAlternatives } from "./alternatives";
import { benchCheck } from "./check";
import { benchAutomationApi, benchCommand, benchCommandScale, benchProfile } from "./command";
import { benchController } from "./controller";
import { benchGatewayApi } from "./gateway-api";
import { benchPageServer } from "./page-server";
import { benchScale, benchStart } from "./pulumi";
import { markdown, printed, type Section } from "./section";
import { benchTraefik } from "./traefik";
import { benchTutor } from "./tutor";

const USAGE = `npm run bench                    measures everything, against what one would use instead
npm run bench -- --only NAME     one of them
npm run bench -- --update        and writes docs/benchmarks.md`;

const BENCHMARKS: Readonly<Record<string, () => AsyncGenerator<Section>>> = {
  async *"page-server"() {
    yield await benchPageServer();
  },
  async *tutor() {
    yield await benchTutor();
  },
  command: () => benchOnCluster([benchCommand, benchProfile, benchAutomationApi, benchCommandScale]),
  check: () => benchOnCluster([benchCheck]),
  // In this order: the third takes the admission webhook away, and the last the instances.
  cluster: () => benchOnCluster([benchStart, benchAlternatives, benchController, benchScale]),
  traefik: () => benchOnCluster([benchTraefik], ["traefik"]),
  "gateway-api": () => benchOnCluster([benchGatewayApi], ["gateway-api"]),
};

/** Those that measure with wrk. */
const WITH_WRK: readonly string[] = ["page-server", "tutor"];

/** Those that need a cluster. */
async function* benchOnCluster(
  benches: readonly ((lab: Lab) => Promise<Section | readonly Section[]>)[],
  edges: readonly EdgeKind[] = ["ingress-nginx"],
): AsyncGenerator<Section> {
  const interrupted = whenInterrupted();
  const lab = await startLab({ report: console.error, signal: interrupted, edges });
  try {
    for (const bench of benches) {
      if (interrupted.aborted) throw new LocalError("interrupted");
      for (const section of [await bench(lab)].flat()) yield { ...section, parts: lab.pulumi.parts };
    }
  } finally {
    await lab.stop();
  }
}

async function main(): Promise<void> {
  const values = readOptions(
    { update: { type: "boolean" }, only: { type: "string" }, help: { type: "boolean" } },
    USAGE,
  );
  const { only } = values;
  if (values.help || (only !== undefined && BENCHMARKS[only] === undefined)) {
    console.log(`${USAGE}\nNAME is one of ${Object.keys(BENCHMARKS).join(", ")}.`);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const needsWrk = only === undefined || WITH_WRK.includes(only);
  if (needsWrk && (await tryCommand("wrk", ["--version"]).catch(() => undefined)) === undefined) {
    console.error("wrk is missing, with which is measured: apt install wrk");
    process.exitCode = 1;
    return;
  }
  const begin = Date.now();
  for (const [name, bench] of Object.entries(BENCHMARKS)) {
    if (only !== undefined && only !== name) continue;
    const sections: Section[] = [];
    for await (const section of bench()) {
      console.log(printed(section));
      sections.push(section);
    }
    if (values.update) writeDown(name, sections);
  }
  console.log(`${((Date.now() - begin) / 60_000).toFixed(1)} minutes`);
}

const DOCUMENT = join(__dirname, "..", "docs", "benchmarks.md");

/** Puts what was found in its place in the document, where the others stay as they are. */
function writeDown(name: string, sections: readonly Section[]): void {
  const before = existsSync(DOCUMENT) ? readFileSync(DOCUMENT, "utf8") : "";
  const found = `\n${sections.map(markdown).join("\n")}`;
  const parts = Object.keys(BENCHMARKS).map((one) => {
    const [begin, end] = [`<!-- ${one} -->`, `<!-- end of ${one} -->`];
    const old = before.includes(begin) ? before.slice(before.indexOf(begin) + begin.length, before.indexOf(end)) : "\n";
    return `${begin}${one === name ? found : old}${end}\n`;
  });
  writeFileSync(DOCUMENT, `${ABOUT}\n${parts.join("\n")}`);
}

const ABOUT = `# Benchmarks

<!-- Written by \`npm run bench -- --update\`; never by hand. -->

Each figure stands beside what one would use instead, measured in the same run on the same machine of ${availableParallelism()} cores, because a figure
alone tells more of the machine than of the program.
`;

main().catch((error: unknown) => {
  // What is thrown on purpose is for people; anything else is a fault of this program, and its trace helps.
  const isForPeople = error instanceof UpFailed || error instanceof LocalError;
  console.error(isForPeople && error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
