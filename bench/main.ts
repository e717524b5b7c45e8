import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { tryCommand } from "../local/cluster/commands";
import { startGround } from "../local/ground";
import { benchAlternatives } from "./alternatives";
import { benchController } from "./controller";
import { benchPageServer } from "./page-server";
import { benchScale, benchStart } from "./pulumi";
import { markdown, printed, type Section } from "./section";
import { benchTutor } from "./tutor";

const USAGE = `npm run bench                    measures everything, against what one would use instead
npm run bench -- --only NAME     one of them
npm run bench -- --update        and writes docs/benchmarks.md`;

const BENCHMARKS: Readonly<Record<string, () => Promise<readonly Section[]>>> = {
  "page-server": async () => [await benchPageServer()],
  tutor: async () => [await benchTutor()],
  cluster: benchOnCluster,
};

/** Those that need one, in this order: the third takes the admission webhook away, and the last the instances. */
async function benchOnCluster(): Promise<readonly Section[]> {
  const ground = await startGround({ report: console.error });
  try {
    const sections: Section[] = [];
    for (const bench of [benchStart, benchAlternatives, benchController, benchScale])
      sections.push(await bench(ground));
    return sections;
  } finally {
    await ground.stop();
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { update: { type: "boolean" }, only: { type: "string" }, help: { type: "boolean" } },
  });
  const { only } = values;
  if (values.help || (only !== undefined && BENCHMARKS[only] === undefined)) {
    console.log(`${USAGE}\nNAME is one of ${Object.keys(BENCHMARKS).join(", ")}.`);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  if ((await tryCommand("wrk", ["--version"]).catch(() => undefined)) === undefined) {
    console.error("wrk is missing, with which is measured: apt install wrk");
    process.exitCode = 1;
    return;
  }
  const begin = Date.now();
  const sections: Section[] = [];
  for (const [name, bench] of Object.entries(BENCHMARKS)) {
    if (only !== undefined && only !== name) continue;
    const found = await bench();
    sections.push(...found);
    for (const section of found) console.log(printed(section));
  }
  const minutes = ((Date.now() - begin) / 60_000).toFixed(1);
  console.log(`${minutes} minutes`);
  if (values.update) writeFileSync(join(__dirname, "..", "docs", "benchmarks.md"), documented(sections, minutes));
}

function documented(sections: readonly Section[], minutes: string): string {
  return `# Benchmarks

<!-- Written by \`npm run bench -- --update\`; never by hand. -->

Each figure stands beside what one would use instead, measured in the same run, because a figure alone tells more of the machine
than of the program. This run took ${minutes} minutes.

${sections.map(markdown).join("\n")}`;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
