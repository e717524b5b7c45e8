import { writeFileSync } from "node:fs";
import { join } from "node:path";
import Table from "cli-table3";
import { EDGE_KINDS } from "../../components/edges/settings";
import { LocalError } from "../../lab/cluster/errors";
import { PageServerPods } from "../../lab/cluster/page-server-pods";
import { whenInterrupted } from "../../lab/interrupted";
import { type EdgeKind, startLab } from "../../lab/lab";
import { readOptions } from "../../lab/options";
import { inWordsOf } from "../../lab/scenario/seen";
import { untilAnswer, visit } from "../../lab/traffic/visitor";
import { HOSTS, RIGHT, underLoad } from "../../lab/traffic/watch";
import { startFailingBucket } from "./bucket";
import { type Result, reportOf } from "./report";
import { rows as allRows, type Row, type Scene } from "./rows";

const USAGE = `npm run test:faults                 makes everything fail, one after the other, while visitors come
npm run test:faults -- --update     and writes docs/faults.md
npm run test:faults -- --only TEXT  only the rows whose name has TEXT, after the one that enables
npm run test:faults -- --edge KIND  at an edge of this kind: ingress-nginx (the default), traefik or gateway-api`;

const PROJECT = join(__dirname, "..", "..");

async function main(): Promise<number> {
  const values = readOptions(
    {
      update: { type: "boolean" },
      only: { type: "string" },
      edge: { type: "string", default: "ingress-nginx" },
      help: { type: "boolean" },
    },
    USAGE,
  );
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const kind = EDGE_KINDS.find((one) => one === values.edge);
  if (kind === undefined) throw new LocalError(`--edge is "${values.edge}"; allowed: ${EDGE_KINDS.join(" or ")}`);
  const rows = allRows.filter((row) => row.kind === undefined || [row.kind].flat().includes(kind));
  const wanted = rowsWith(values.only, rows);
  const begin = Date.now();
  const interrupted = whenInterrupted();
  const parts: string[] = [];
  const report = (line: string) => {
    console.error(line);
    if (/^(?:stand-in|Pulumi)\b/.test(line)) parts.push(line);
  };
  const lab = await startLab({ report, signal: interrupted, edges: [kind] });
  const results: Result[] = [];
  try {
    const cluster = lab.cluster.embedded;
    const edge = lab.edges[0]?.running;
    if (cluster === undefined || edge === undefined) throw new Error("only the embedded cluster can be made to fail");
    const bucket = await startFailingBucket(cluster, join(PROJECT, ".local", "logs", "failing-bucket.log"));
    try {
      const scene: Scene = { lab, cluster, edge, bucket, pods: new PageServerPods(lab.cluster.kube) };
      await lab.stack.type(["config", "set", "--path", "bucket.readUrl", `${bucket.address}/maintenance-pages`]);
      await lab.stack.up();
      for (const row of wanted) {
        if (interrupted.aborted) break;
        const result = await run(row, scene);
        results.push(result);
        console.error(`${result.isRight ? "ok   " : "WRONG"} ${row.what}`);
        if (!result.isRight) console.error(JSON.stringify(result, undefined, 2));
      }
    } finally {
      bucket.stop();
    }
  } finally {
    await lab.stop();
  }
  const table = new Table({
    head: ["", "what", ...Object.keys(HOSTS)],
    style: { head: [], border: [] },
    wordWrap: true,
  });
  for (const { what, isRight, figures } of results) {
    const cells = figures.map(({ answers, wrong, longestGap }) => `${answers}, ${wrong} wrong, ${longestGap} ms`);
    table.push([isRight ? "ok" : "WRONG", what, ...cells]);
  }
  console.log(table.toString());
  const minutes = ((Date.now() - begin) / 60_000).toFixed(1);
  console.log(
    `${results.filter(({ isRight }) => isRight).length} of ${results.length} rows as they should be, in ${minutes} minutes`,
  );
  const areRight = results.length > 0 && results.every(({ isRight }) => isRight);
  if (values.update && areRight && results.length === rows.length) {
    writeFileSync(join(PROJECT, "docs", DOCUMENTS[kind]), reportOf(results, minutes, parts, kind));
  } else if (values.update)
    console.error(`docs/${DOCUMENTS[kind]} stays as it was: it takes every row, and each as it should be`);
  return areRight ? 0 : 1;
}

const DOCUMENTS: Readonly<Record<EdgeKind, string>> = {
  "ingress-nginx": "faults.md",
  traefik: "faults-traefik.md",
  "gateway-api": "faults-gateway-api.md",
};

/**
 * The rows whose name has a text; before them the one that enables maintenance, which most of them need.
 *
 * @throws {LocalError} when no row's name has it.
 */
function rowsWith(text: string | undefined, rows: readonly Row[]): readonly Row[] {
  if (text === undefined) return rows;
  const named = rows.filter(({ what }) => what.includes(text));
  if (named.length === 0) {
    throw new LocalError(`no row's name has "${text}":\n${rows.map(({ what }) => `  ${what}`).join("\n")}`);
  }
  const enables = ({ what }: Row) => /^enable, to/.test(what);
  return [...rows.filter(enables), ...named.filter((row) => !enables(row))];
}

async function run(row: Row, scene: Scene): Promise<Result> {
  const another = await row.at?.(scene);
  const edge = another ?? scene.edge;
  const right = { ...RIGHT, ...row.right };
  const { seen, got } = await underLoad({ plain: edge.url, encrypted: edge.encryptedUrl }, right, () => row.run(scene))
    .catch((error: unknown) => ({ seen: String(error), got: undefined }))
    .finally(() => another?.stop());
  const figures = Object.entries(got ?? {}).map(([host, { answers, wrong, longestGap }]) => ({
    host,
    answers,
    wrong: Object.values(wrong).reduce((sum, number) => sum + number, 0),
    longestGap,
  }));
  const isExempt = (host: string, share: number) =>
    row.unless !== undefined &&
    share <= (row.unlessShare ?? 1) &&
    (row.unlessFor === undefined || row.unlessFor.some((one) => one === host));
  const showedItself = got !== undefined && !right.acme.includes("own") && "wrong: own" in got.acme.wrong;
  const isRight =
    figures.length > 0 &&
    !showedItself &&
    figures.every(({ host, wrong, answers }) => answers > 0 && (wrong === 0 || isExempt(host, wrong / answers)));
  const { kind } = scene.lab.here;
  const noneWrong = figures.length > 0 && figures.every(({ wrong }) => wrong === 0);
  return {
    what: row.what,
    seen,
    isRight: inWordsOf(kind, seen) === inWordsOf(kind, row.expected) && isRight && (await isAsBefore(scene, row)),
    unless: noneWrong ? undefined : row.unless,
    wrong: sumOf(Object.values(got ?? {}).map(({ wrong }) => wrong)),
    figures,
  };
}

/** How often each kind was seen in all. */
function sumOf(counts: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const sum: Record<string, number> = {};
  for (const [kind, count] of counts.flatMap((one) => Object.entries(one))) sum[kind] = (sum[kind] ?? 0) + count;
  return sum;
}

/** Whether all is well again, wherever something could go wrong. */
async function isAsBefore({ lab: { edge } }: Scene, { what }: Row): Promise<boolean> {
  if (what.includes("destroy")) return true;
  const answer = await untilAnswer(
    () => visit(edge, HOSTS.beta),
    ({ status }) => status === 200,
  ).catch(() => undefined);
  const nobody = await untilAnswer(
    () => visit(edge, HOSTS.nobody),
    ({ status }) => status === 404,
  ).catch(() => undefined);
  return answer !== undefined && nobody !== undefined;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
