import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CONTENT_TYPES } from "../../pages/kinds";
import type { LocalCluster } from "../cluster/cluster";
import type { Lab } from "../lab";
import type { Sample } from "../samples";
import type { LocalStack } from "../stack";
import { ensureCaddy } from "../tools/tools";
import { type Answer, BROWSER, untilAnswer, visit } from "../traffic/visitor";
import { Caddy, freePort } from "../tutor/caddy";
import { TUTOR_RELEASES, TutorProject } from "../tutor/tutor";
import { everyInstanceAnswers, seeInstance, seePage } from "./seen";
import type { Step } from "./step";

const OWN_STATUSES = [404, 500, 502, 503] as const;

/** What visitors of an instance see that fails, while nothing is in maintenance. */
export const failureSteps: readonly Step[] = [
  {
    step: `every instance's own ${OWN_STATUSES.join(", ")}, for a browser and for an app`,
    expected: "all as the instances say them",
    see: ({ edge }) => everyOwnErrorPasses(edge, ["acme", "beta", "gamma"]),
  },
  {
    step: "acme hangs up, and acme does not answer in time",
    needs: "ingress-nginx",
    expected: "502, the 50x page (shared); 504, the 50x page (shared)",
    see: async ({ edge }) =>
      `${await seePage(browse(edge, "acme", "/hang-up"))}; ${await seePage(browse(edge, "acme", "/slow"))}`,
  },
  {
    step: "the pods of acme and of gamma, which has a folder of its own, are gone",
    needs: "ingress-nginx",
    expected:
      "503, the 50x page (shared), Retry-After 300; French: French; an app: 503 application/problem+json; an image: 503, empty; 20 uploads: 503, the 50x page (shared); " +
      "gamma: 503, the 50x page (instance), as in the bucket; beta: 200 from beta; its own errors: all as the instances say them",
    see: instancesWithoutPods,
  },
  {
    step: "gamma behind Tutor's Caddy, with the settings of the stack's output: its application is gone",
    isSameAtEveryEdge: true,
    expected: "502, the 50x page (instance), as in the bucket",
    needs: "embedded",
    see: failureBehindTutor,
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

async function instancesWithoutPods({ edge, samples, stack, cluster }: Lab): Promise<string> {
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
  const uploads = new Set<string>();
  // One after the other: an answer that comes before the whole body breaks off only now and then.
  for (let upload = 0; upload < 20; upload += 1) {
    const body = Buffer.alloc(900_000, "x");
    const answer = await visit(edge, "acme.localhost", "/upload", { method: "POST", body, headers: BROWSER });
    uploads.add(`${await seePage(Promise.resolve(answer))}${answer.body.includes("</html>") ? "" : ", broken off"}`);
  }
  const stored = await storedPage(stack, cluster);
  const gamma = await browse(edge, "gamma");
  const asInBucket = gamma.body === stored ? "as in the bucket" : gamma.body;
  return [
    `${await seePage(Promise.resolve(page))}, Retry-After ${page.headers["retry-after"]}`,
    `French: ${/<html lang="fr"/.test(french.body) ? "French" : french.body.slice(0, 80)}`,
    `an app: ${json.status} ${json.headers["content-type"] === CONTENT_TYPES.json && isProblem(json) ? CONTENT_TYPES.json : json.body}`,
    `an image: ${image.status}, ${image.body === "" ? "empty" : image.body.slice(0, 80)}`,
    `20 uploads: ${[...uploads].join(" or ")}`,
    `gamma: ${await seePage(Promise.resolve(gamma))}, ${asInBucket}`,
    `beta: ${await seeInstance(browse(edge, "beta"))}`,
    `its own errors: ${await everyOwnErrorPasses(edge, ["beta"])}`,
  ].join("; ");
}

function isProblem({ body }: Answer): boolean {
  const problem: unknown = JSON.parse(body);
  return typeof problem === "object" && problem !== null && "title" in problem;
}

/** Gamma's 50x page as it is in the bucket, for whoever is not the page server. */
async function storedPage(stack: LocalStack, { objectStore }: LocalCluster): Promise<string> {
  const { bucketAddress } = await stack.outputs();
  const bucket = new URL(String(bucketAddress)).pathname;
  return (await fetch(`${objectStore.endpoint}${bucket}/pages/instances/gamma/50x.en.html`)).text();
}

/** What whoever runs Tutor does: the plugin, and the two values that the stack gives out. */
async function failureBehindTutor({ stack, cluster }: Lab): Promise<string> {
  const [{ tutor, caddy: release }] = TUTOR_RELEASES;
  const folder = mkdtempSync(join(tmpdir(), "tutor-"));
  const settings = (await stack.outputs()).tutorSettings as Readonly<Record<string, string>>;
  const program = await ensureCaddy(release, console.log);
  const project = await TutorProject.create(folder, tutor);
  await project.type("plugins", "enable", "maintenance-pages");
  await project.save({
    LMS_HOST: "gamma.localhost",
    ENABLE_HTTPS: "false",
    ENABLE_WEB_PROXY: "false",
    ...Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [name, value.replace("{instance}", "gamma")]),
    ),
  });
  const caddy = new Caddy(program, await freePort());
  try {
    const { endpoint, endpointInCluster } = cluster.objectStore;
    caddy.write(project.caddyfile(), {
      "lms:8000": `127.0.0.1:${await freePort()}`,
      [endpointInCluster]: endpoint,
    });
    await caddy.start();
    const answer = await caddy.visit("gamma.localhost", "/courses", { headers: BROWSER });
    const page = Buffer.from(answer.body, "latin1").toString();
    const asInBucket = page === (await storedPage(stack, cluster)) ? "as in the bucket" : page;
    return `${await seePage(Promise.resolve(answer))}, ${asInBucket}`;
  } finally {
    await caddy.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
