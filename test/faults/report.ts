import type { EdgeKind } from "../../lab/lab";
import { HOSTS, PER_SECOND } from "../../lab/traffic/watch";
import { API_SERVER_DOWN } from "./rows";

/** What came of a row. */
export interface Result {
  readonly what: string;
  /** What was seen, apart from what visitors got. */
  readonly seen: string;
  readonly isRight: boolean;
  /** Why there were wrong answers, when there were. */
  readonly unless: string | undefined;
  /** The wrong answers, by what they were. */
  readonly wrong: Readonly<Record<string, number>>;
  /** What the visitors of each host got. */
  readonly figures: readonly {
    readonly answers: number;
    readonly wrong: number;
    readonly longestGap: number;
  }[];
}

const PLACES: Readonly<Record<EdgeKind, string>> = {
  "ingress-nginx": "",
  traefik: ", at a Traefik",
  "gateway-api": ", at an Envoy Gateway",
};

/** The document with a run's results, as Markdown. */
export function reportOf(
  results: readonly Result[],
  minutes: string,
  parts: readonly string[],
  kind: EdgeKind,
): string {
  const whole = (value: number) => value.toLocaleString("en");
  const head = ["what goes wrong", ...Object.keys(HOSTS).flatMap((host) => [`${host}: answers`, "wrong", "gap (ms)"])];
  const lines = results.map(({ what, unless, figures }, index) => {
    const note = unless === undefined ? "" : ` [${index + 1}]`;
    return [
      what + note,
      ...figures.flatMap(({ answers, wrong, longestGap }) => [whole(answers), whole(wrong), whole(longestGap)]),
    ];
  });
  const notes = results.flatMap(({ unless, wrong }, index) =>
    unless === undefined
      ? []
      : [
          `- [${index + 1}] ${unless}: ${Object.entries(wrong)
            .map(([kind, count]) => `${whole(count)} × ${kind.replace(/^wrong: /, "")}`)
            .join(", ")}.`,
        ],
  );
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const option = kind === "ingress-nginx" ? "" : ` --edge ${kind}`;
  return `# What visitors get while things fail${PLACES[kind]}

<!-- Written by \`npm run test:faults -- --update${option}\`; never by hand. -->

${PER_SECOND} visitors a second ask each of three hosts, half of them over HTTPS: acme, which is in maintenance but in the first rows;
beta, which is healthy; and a host that nobody owns. An answer is wrong when it is anything but what belongs there: another status,
another page, a bare error of a server, or a connection that fails. While maintenance of acme is enabled or disabled, its own answer and its page are
both right. The gap is the longest time between two right answers. Numbers in brackets are rows in which some wrong answers are accepted, for
the reason below; an answer of acme itself during its maintenance never is.

${row(head)}
${row(head.map((_, index) => (index === 0 ? "---" : "--:")))}
${lines.map(row).join("\n")}

${notes.join("\n")}

Not among the rows: an API server that is down for longer than ${API_SERVER_DOWN} s. 20 s passed without a wrong answer in most runs, and in one
Kubernetes took the node for dead 30 s after the API server was back, since its controller manager waits up to a minute before it asks
again. It takes the pods of such a node out of every Service: the instances' and the page server's alike. Visitors of every host then
got the controller's bare 404, for 20 s. More nodes would not help: one watch tells of the leases of all.

${results.length} rows in ${minutes} minutes, on the embedded cluster, with these parts:

${parts.map((line) => `- ${line}`).join("\n")}
`;
}
