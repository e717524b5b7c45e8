import { CONTENT_TYPES } from "../pages/kinds";
import type { Ground } from "./ground";
import type { Sample } from "./samples";
import { everyInstanceAnswers, seeInstance, seePage } from "./seen";
import type { Step } from "./step";
import { type Answer, BROWSER, untilAnswer, visit } from "./visitor";

const OWN_STATUSES = [404, 500, 502, 503] as const;

/** What visitors of an instance see that fails, while nothing is in maintenance. */
export const failureSteps: readonly Step[] = [
  {
    step: `every instance's own ${OWN_STATUSES.join(", ")}, for a browser and for an API client`,
    expected: "all as the instances say them",
    see: ({ edge }) => everyOwnErrorPasses(edge, ["acme", "beta", "gamma"]),
  },
  {
    step: "acme hangs up, and acme does not answer in time",
    expected: "502, the 50x page (shared); 504, the 50x page (shared)",
    see: async ({ edge }) =>
      `${await seePage(browse(edge, "acme", "/hang-up"))}; ${await seePage(browse(edge, "acme", "/slow"))}`,
  },
  {
    step: "the pods of acme and of gamma, which has a folder of its own, are gone",
    expected:
      "503, the 50x page (shared), Retry-After 300; French: French; an API client: 503 application/problem+json; an image: 503, empty; an upload: 503, the 50x page (shared); " +
      "gamma: 503, the 50x page (instance), as in the bucket; beta: 200 from beta; its own errors: all as the instances say them",
    see: instancesWithoutPods,
  },
  {
    step: "their pods are back",
    expected: "6 of 6: 200 from the instance itself",
    async see({ edge, samples }) {
      for (const sample of GONE) await samples.scale(sample, 1);
      for (const sample of GONE)
        await untilAnswer(
          () => browse(edge, sample),
          ({ status }) => status === 200,
          60,
        );
      return everyInstanceAnswers(edge);
    },
  },
];

const GONE = ["acme", "gamma"] as const;

function browse(edge: string, sample: Sample, path = "/", headers: Readonly<Record<string, string>> = {}) {
  return visit(edge, `${sample}.localhost`, path, { headers: { ...BROWSER, "accept-language": "en", ...headers } });
}

async function everyOwnErrorPasses(edge: string, samples: readonly Sample[]): Promise<string> {
  const wrong: string[] = [];
  for (const sample of samples) {
    for (const status of OWN_STATUSES) {
      for (const accept of [BROWSER.accept, "application/json"]) {
        const answer = await browse(edge, sample, `/own/${status}`, { accept });
        const isOwn = answer.status === status && answer.body === `this is ${sample}: its own ${status}\n`;
        if (!isOwn) wrong.push(`${sample} ${status} ${accept}: ${answer.status} ${answer.body.slice(0, 60)}`);
      }
    }
  }
  return wrong.length === 0 ? "all as the instances say them" : wrong.join("\n");
}

async function instancesWithoutPods({ edge, samples, stack, cluster }: Ground): Promise<string> {
  for (const sample of GONE) await samples.scale(sample, 0);
  for (const sample of GONE)
    await untilAnswer(
      () => browse(edge, sample),
      ({ status }) => status === 503,
      60,
    );
  const page = await browse(edge, "acme", "/courses");
  const french = await browse(edge, "acme", "/courses", { "accept-language": "fr" });
  const json = await browse(edge, "acme", "/api/user/v1/me", { accept: "application/json" });
  const image = await browse(edge, "acme", "/logo.png", { accept: "image/png,image/*" });
  const upload = visit(edge, "acme.localhost", "/upload", {
    method: "POST",
    body: Buffer.alloc(900_000, "x"),
    headers: BROWSER,
  });
  const { outputs } = await stack.up();
  const bucket = new URL(String(outputs.bucketAddress)).pathname;
  const stored = await fetch(`${cluster.objectStore.endpoint}${bucket}/pages/instances/gamma/50x.en.html`);
  const gamma = await browse(edge, "gamma");
  const asInBucket = gamma.body === (await stored.text()) ? "as in the bucket" : gamma.body;
  return [
    `${await seePage(Promise.resolve(page))}, Retry-After ${page.headers["retry-after"]}`,
    `French: ${/<html lang="fr"/.test(french.body) ? "French" : french.body.slice(0, 80)}`,
    `an API client: ${json.status} ${json.headers["content-type"] === CONTENT_TYPES.json && isProblem(json) ? CONTENT_TYPES.json : json.body}`,
    `an image: ${image.status}, ${image.body === "" ? "empty" : image.body.slice(0, 80)}`,
    `an upload: ${await seePage(upload)}`,
    `gamma: ${await seePage(Promise.resolve(gamma))}, ${asInBucket}`,
    `beta: ${await seeInstance(browse(edge, "beta"))}`,
    `its own errors: ${await everyOwnErrorPasses(edge, ["beta"])}`,
  ].join("; ");
}

function isProblem({ body }: Answer): boolean {
  const problem: unknown = JSON.parse(body);
  return typeof problem === "object" && problem !== null && "title" in problem;
}
