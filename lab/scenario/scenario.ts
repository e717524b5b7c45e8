import { setTimeout as sleep } from "node:timers/promises";
import { FORMATS } from "../../pages/kinds";
import { tryCommand } from "../cluster/commands";
import { PageServerPods } from "../cluster/page-server-pods";
import type { Lab } from "../lab";
import { CHALLENGE, hostsOf, ruleFor, SAMPLES, type Sample } from "../samples";
import { startLoad } from "../traffic/load";
import { upload } from "../traffic/upload";
import { type Answer, BROWSER, untilAnswer, visit } from "../traffic/visitor";
import { abuseSteps } from "./abuse";
import { controllerSteps } from "./controller";
import { failureSteps } from "./failure";
import type { Figures, LoadedSample } from "./figures";
import { gatewayApiSteps } from "./gateway-api";
import { machineSteps } from "./machines";
import { disable } from "./maintenance";
import { otherSteps } from "./others";
import { clientSteps, pageSteps } from "./pages";
import {
  ALL_HOSTS,
  everyHostIs,
  everyInstanceAnswers,
  isPageOf,
  marker,
  seeChanges,
  seeInstance,
  seePage,
  seeRefusal,
} from "./seen";
import type { Step } from "./step";

const HOSTS = hostsOf("acme");
const isAcmesPage = isPageOf("acme");

const FORGED = [
  ["x-code", "200"],
  ["x-code", "404"],
  ["x-format", "text/m4rk3r"],
  ["x-original-uri", "/m4rk3r"],
  ["x-original-url", "/m4rk3r"],
  ["x-namespace", "m4rk3r"],
  ["x-ingress-name", "../../m4rk3r"],
  ["x-service-name", "m4rk3r"],
  ["x-forwarded-prefix", "/beta/scheduled/0000000000000001/"],
  ["x-forwarded-host", "beta.localhost"],
  ["x-accel-redirect", "/-/embedded"],
  ["x-maintenance-page", "m4rk3r"],
  ["range", "bytes=0-9"],
  ["if-none-match", "*"],
  ["cookie", `m4rk3r=${"x".repeat(6000)}`],
] as const;

/** The walk of an instance into maintenance and back, with what goes wrong on the way. */
export const scenario: readonly Step[] = [
  {
    step: "a host that nobody owns",
    expected: "404, the not-found page",
    see: ({ edge }) => seePage(visit(edge, "nobody.localhost")),
  },
  {
    step: `${SAMPLES.join(", ")}: every host`,
    expected: `${ALL_HOSTS} of ${ALL_HOSTS}: 200 from the instance itself`,
    see: ({ edge }) => everyInstanceAnswers(edge),
  },
  {
    step: `pulumi config set maintenance '["acme"]' && pulumi up`,
    expected: "create override maintenance-acme",
    async see({ edge, stack }, figures) {
      await stack.type(["config", "set", "maintenance", '["acme"]']);
      const page = untilAnswer(() => visit(edge, "acme.localhost"), isAcmesPage, 60).then((milliseconds) => {
        figures.upToFirstPage = milliseconds / 1000;
      });
      const up = await stack.up();
      figures.enable = up.seconds;
      await page;
      await everyHostIs("acme", isAcmesPage, edge);
      return seeChanges(up);
    },
  },
  {
    step: "acme: every host, many paths and methods, JSON, a 20 MB body with and without its length",
    expected: "all: 503, the page, Retry-After 300",
    see: everyWayShowsThePage,
  },
  {
    step: `acme and a host that nobody owns: ${FORGED.length} headers that only the controller should write, and others`,
    expected: "acme: 503, the page of acme (unscheduled, shared); nobody: 404, the not-found page",
    see: forgedHeadersChangeNothing,
  },
  ...abuseSteps,
  ...clientSteps,
  {
    step: "acme: certificate renewal",
    expected: "200 from acme",
    see: ({ edge }) => seeInstance(visit(edge, "acme.localhost", CHALLENGE)),
  },
  ...gatewayApiSteps,
  {
    step: "beta meanwhile, and a host that nobody owns",
    expected: "200 from beta; 404, the not-found page",
    see: async ({ edge }) =>
      `${await seeInstance(visit(edge, "beta.localhost"))}; ${await seePage(visit(edge, "nobody.localhost"))}`,
  },
  {
    step: "acme's pods are gone",
    expected: "503, the page of acme (unscheduled, shared)",
    async see({ edge, samples }) {
      await samples.scale("acme", 0);
      // The challenge still goes to the instance, so it tells when the instance is gone.
      await untilAnswer(
        () => visit(edge, "acme.localhost", CHALLENGE),
        (answer) => answer.status === 503 && !isAcmesPage(answer),
      );
      return seePage(visit(edge, "acme.localhost", "/courses"));
    },
  },
  {
    step: "acme's Ingress is gone as well",
    expected: "503, the page of acme (unscheduled, shared)",
    async see({ edge, samples }) {
      await samples.deleteIngress("acme");
      await untilAnswer(
        () => visit(edge, "acme.localhost", CHALLENGE),
        ({ status }) => status === 404,
      );
      return seePage(visit(edge, "acme.localhost", "/courses"));
    },
  },
  {
    step: "the bucket is stopped; a page that was shown before, and one that never was",
    expected: "503, the page of acme (unscheduled, shared); 404, the not-found page as XML (embedded)",
    async see({ edge, cluster }) {
      await cluster.objectStore.stop();
      const shown = await seePage(visit(edge, "acme.localhost"));
      const other = visit(edge, "nobody.localhost", "/", { headers: { accept: "application/xml" } });
      const { status, headers } = await other;
      await cluster.objectStore.start();
      const type = headers["content-type"] === "application/problem+xml" ? "XML" : headers["content-type"];
      return `${shown}; ${status}, the not-found page as ${type} (${marker(await other).get("source")})`;
    },
  },
  {
    step: "acme's pods and Ingress are back",
    expected: "the page stays; certificate renewal: 200 from acme",
    async see({ edge, samples }) {
      await samples.scale("acme", 1);
      await samples.createIngress("acme");
      await untilAnswer(
        () => visit(edge, "acme.localhost", CHALLENGE),
        ({ status }) => status === 200,
        60,
      );
      const stays = isAcmesPage(await visit(edge, "acme.localhost")) ? "the page stays" : "the page is gone";
      return `${stays}; certificate renewal: ${await seeInstance(visit(edge, "acme.localhost", CHALLENGE))}`;
    },
  },
  {
    step: `a typing error: pulumi config set maintenance '["acm"]' && pulumi up`,
    isSameAtEveryEdge: true,
    expected: "refused at maintenance[0], nearest acme; no change; acme still shows the page",
    async see({ edge, stack }) {
      await stack.type(["config", "set", "maintenance", '["acm"]']);
      const refusal = await seeRefusal(stack.up(), /maintenance\[0\]\s+found: +"acm"[\s\S]*nearest: +(\w+)/);
      const page = isAcmesPage(await visit(edge, "acme.localhost"))
        ? "acme still shows the page"
        : "acme shows no page";
      return `refused at maintenance[0], nearest ${refusal}; ${page}`;
    },
  },
  {
    step: "a kubeconfig that leads to another cluster",
    isSameAtEveryEdge: true,
    expected: "refused at kubernetes.clusterName, it leads to the cluster that is reached; no change",
    async see({ stack, cluster }) {
      await stack.type(["config", "set", "maintenance", '["acme"]']);
      await stack.type(["config", "set", "--path", "kubernetes.clusterName", "production"]);
      const refusal = await seeRefusal(stack.up(), /kubernetes\.clusterName[\s\S]*leads: ([\w-]+)/);
      await stack.type(["config", "set", "--path", "kubernetes.clusterName", cluster.clusterName]);
      const leads = refusal.replace(new RegExp(`^${cluster.clusterName}(?=;)`), "the cluster that is reached");
      return `refused at kubernetes.clusterName, it leads to ${leads}`;
    },
  },
  {
    step: "an up with nothing to do",
    expected: "no change",
    see: async ({ stack }) => seeChanges(await stack.up()),
  },
  ...machineSteps,
  ...otherSteps,
  {
    step: `pulumi config set maintenance '[]' && pulumi up`,
    expected: `delete override maintenance-acme; then ${ALL_HOSTS} of ${ALL_HOSTS}: 200 from the instance itself`,
    async see({ edge, stack }, figures) {
      const up = await disable({ edge, stack }, "acme");
      figures.disable = up.seconds;
      return `${seeChanges(up)}; then ${await everyInstanceAnswers(edge)}`;
    },
  },
  {
    step: "pulumi config set --path: a window and a message",
    expected: `create BucketObjectv2 (${FORMATS.length}), create override maintenance-acme; 503, the page of acme (scheduled, instance); window, escaped message, Retry-After the window's end`,
    async see({ edge, stack }) {
      const until = new Date(Date.now() + 3_600_000);
      until.setMilliseconds(0);
      const set = (path: string, value: string) =>
        stack.type(["config", "set", "--path", `maintenance[0].${path}`, value]);
      // A list that was written as JSON can't be edited by path.
      await stack.type(["config", "rm", "maintenance"]);
      await set("instance", "acme");
      await set("kind", "scheduled");
      await set("until", until.toISOString());
      await set("message", "Back <b>soon</b>");
      const up = await stack.up();
      await everyHostIs("acme", isAcmesPage, edge);
      const answer = await visit(edge, "acme.localhost", "/", { headers: BROWSER });
      const shows = [
        answer.body.includes(`<time datetime="${until.toISOString()}">`) ? "window" : "no window",
        answer.body.includes("Back &lt;b&gt;soon&lt;/b&gt;") ? "escaped message" : "no escaped message",
        `Retry-After ${answer.headers["retry-after"] === until.toUTCString() ? "the window's end" : answer.headers["retry-after"]}`,
      ];
      return `${seeChanges(up)}; ${await seePage(Promise.resolve(answer))}; ${shows.join(", ")}`;
    },
  },
  {
    step: "disabling it again",
    expected: `delete BucketObjectv2 (${FORMATS.length}), delete override maintenance-acme`,
    see: async (lab) => seeChanges(await disable(lab, "acme")),
  },
  ...pageSteps,
  ...failureSteps,
  {
    step: `pulumi config set provisioning '["acme"]' && pulumi up, and back`,
    expected:
      "create override maintenance-acme; 503, the page of acme (provisioning, shared); delete override maintenance-acme",
    async see({ edge, stack }) {
      await stack.type(["config", "set", "provisioning", '["acme"]']);
      const enabled = await stack.up();
      await everyHostIs("acme", isAcmesPage, edge);
      const page = await seePage(visit(edge, "acme.localhost"));
      await stack.type(["config", "rm", "provisioning"]);
      const disabled = await stack.up();
      await everyHostIs("acme", ({ status }) => status === 200, edge);
      return `${seeChanges(enabled)}; ${page}; ${seeChanges(disabled)}`;
    },
  },
  {
    step: "pulumi config set retryAfter 600: a change of the page server's configuration rolls its pods",
    isSameAtEveryEdge: true,
    expected: "create ConfigMap, delete ConfigMap, update Deployment page-server-deployment; both pods are new",
    async see({ stack, samples }) {
      const before = await samples.podsOf("maintenance-pages");
      await stack.type(["config", "set", "retryAfter", "600"]);
      const up = await stack.up();
      const after = await samples.podsOf("maintenance-pages");
      const kept = after.filter((pod) => before.includes(pod)).length;
      return `${seeChanges(up)}; ${kept === 0 && after.length === 2 ? "both pods are new" : `${kept} of ${after.length} pods stayed`}`;
    },
  },
  {
    step: "a page server's nginx is killed (SIGKILL), as for want of memory",
    isSameAtEveryEdge: true,
    expected: "it starts again in the same pod",
    needs: "embedded",
    async see({ cluster }) {
      const pods = new PageServerPods(cluster.kube);
      const [first = "", ...others] = await pods.names();
      pods.kill(first);
      await sleep(2000);
      await pods.untilReady();
      const now = await pods.names();
      return [first, ...others].every((name) => now.includes(name)) ? "it starts again in the same pod" : now.join();
    },
  },
  {
    step: "the same path in a second Ingress, the obvious way (why the override is a regular expression)",
    needs: "ingress-nginx",
    expected: `the admission webhook refuses: host "acme.localhost" and path "/" is already defined in ingress acme/acme`,
    async see({ samples }) {
      const metadata = { name: "obvious", namespace: "maintenance-pages" };
      const spec = { ingressClassName: "nginx", rules: [ruleFor("acme.localhost", "page-server")] };
      const obvious = { apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata, spec };
      try {
        await samples.apply(obvious);
        await samples.delete(obvious);
        return "accepted";
      } catch (error) {
        const reason = /host \\*"[^"]*" and path \\*"\/\\*" is already defined in ingress [\w/-]+/.exec(
          String(error),
        )?.[0];
        return `the admission webhook refuses: ${reason?.replaceAll("\\", "") ?? String(error)}`;
      }
    },
  },
  {
    step: "100 visitors a second on acme and on beta, while acme is enabled and disabled three times",
    expected: "acme: only its 200 or the page's 503; beta: only its 200",
    see: enableAndDisableUnderLoad,
  },
  ...controllerSteps,
  {
    step: "the ingress-nginx chart (4.11.0) with the values from the stack's output",
    expected:
      "the flag default-backend-service=maintenance-pages/page-server; custom-http-errors 502,503,504 and disable-proxy-intercept-errors true; no default backend of the chart's own",
    needs: ["embedded", "ingress-nginx"],
    see: renderChart,
  },
  {
    step: "pulumi destroy --skip-preview, at first protected, then after pulumi config set protect false && pulumi up",
    expected: "refused, nothing deleted, every host as before; then nothing is left",
    see: destroyTwice,
  },
];

async function enableAndDisableUnderLoad({ edge, stack }: Lab, figures: Figures): Promise<string> {
  const own = (sample: Sample) => (answer: Answer) =>
    answer.status === 200 && answer.body.startsWith(`this is ${sample}:`) ? "200" : undefined;
  const wrong = (answer: Answer) => `wrong: ${answer.status} ${answer.body.slice(0, 60)}`;
  const acme = startLoad(
    edge,
    "acme.localhost",
    100,
    (answer) => own("acme")(answer) ?? (isAcmesPage(answer) ? "page" : wrong(answer)),
  );
  const beta = startLoad(edge, "beta.localhost", 100, (answer) => own("beta")(answer) ?? wrong(answer));
  try {
    for (let round = 0; round < 3; round += 1) {
      await stack.type(["config", "set", "maintenance", '["acme"]']);
      await stack.up();
      await everyHostIs("acme", isAcmesPage, edge);
      await stack.type(["config", "set", "maintenance", "[]"]);
      await stack.up();
      await everyHostIs("acme", ({ status }) => status === 200, edge);
    }
  } finally {
    figures.load = { acme: await acme.stop(), beta: await beta.stop() };
  }
  const kinds = (sample: LoadedSample) =>
    Object.keys(figures.load?.[sample].kinds ?? {})
      .sort()
      .join(", ");
  // Both kinds must have been seen on acme, or the load was not there when it mattered.
  const acmeSaw = kinds("acme") === "200, page" ? "only its 200 or the page's 503" : kinds("acme");
  return `acme: ${acmeSaw}; beta: ${kinds("beta") === "200" ? "only its 200" : kinds("beta")}`;
}

async function renderChart({ tools, stack }: Lab): Promise<string> {
  if (tools === undefined) return "no helm was built";
  const { code, output } = await tryCommand(
    tools.binaries.helm,
    [
      "template",
      "ingress-nginx",
      `${tools.ingressNginxModule}/charts/ingress-nginx`,
      "--values",
      "-",
      "--kube-version",
      "1.35.0",
    ],
    { input: JSON.stringify(await stack.helmValues()) },
  );
  if (code !== 0) return output;
  const flag = /--(default-backend-service=\S+)/.exec(output)?.[1];
  const own = output.includes("app.kubernetes.io/component: default-backend");
  const config = ["custom-http-errors", "disable-proxy-intercept-errors"].map(
    (setting) => `${setting} ${new RegExp(`^  ${setting}: "(.*)"$`, "m").exec(output)?.[1]}`,
  );
  return `the flag ${flag}; ${config.join(" and ")}; ${own ? "a" : "no"} default backend of the chart's own`;
}

async function destroyTwice({ edge, stack, samples }: Lab): Promise<string> {
  const destroy = ["destroy", "--yes", "--skip-preview", "--non-interactive"];
  const everything = async () => [
    ...(await samples.left("maintenance-pages")),
    ...((await stack.type(["stack", "export"])).match(/"urn": /g) ?? []),
  ];
  const there = await everything();
  const refused = await stack.type(destroy).then(
    () => "not refused",
    (error: unknown) => (/protected/.test(String(error)) ? "refused" : String(error)),
  );
  const deleted = (await everything()).length < there.length ? "something" : "nothing";
  const before = await seePage(visit(edge, "nobody.localhost"));
  const all = await everyInstanceAnswers(edge);
  const asBefore =
    before === "404, the not-found page" && all.startsWith(`${ALL_HOSTS} of ${ALL_HOSTS}:`)
      ? "every host as before"
      : `${before}, ${all}`;
  await stack.type(["config", "set", "protect", "false"]);
  await stack.up();
  await stack.type(destroy);
  const left = await samples.left("maintenance-pages");
  return `${refused}, ${deleted} deleted, ${asBefore}; then ${left.length === 0 ? "nothing is left" : left.join(", ")}`;
}

async function forgedHeadersChangeNothing({ edge }: Lab): Promise<string> {
  const seen = { acme: new Set<string>(), nobody: new Set<string>() };
  for (const [name, value] of FORGED) {
    for (const [host, saw] of Object.entries(seen)) {
      const asked = visit(edge, `${host}.localhost`, "/x", { headers: { ...BROWSER, [name]: value } });
      const said = JSON.stringify(await asked).includes("m4rk3r") ? `, which says ${name} back` : "";
      saw.add(`${await seePage(asked)}${said}`);
    }
  }
  return `acme: ${[...seen.acme].join(" or ")}; nobody: ${[...seen.nobody].join(" or ")}`;
}

async function everyWayShowsThePage({ edge, here }: Lab): Promise<string> {
  // Over HTTP/1.1 Traefik closes the connection of a client that goes on sending (lab/traffic/upload.ts).
  const encrypted = here.kind === "traefik" ? here.running?.encryptedUrl : undefined;
  const send = (host: string, method: string, body: Buffer, hasLength: boolean) =>
    encrypted === undefined
      ? visit(edge, host, "/upload", {
          method,
          body,
          headers: hasLength ? BROWSER : { ...BROWSER, "transfer-encoding": "chunked" },
        })
      : upload(encrypted, host, "/upload", body, { method, hasLength, headers: BROWSER });
  const paths = [
    "/",
    "/courses/course-v1:edX+DemoX/about?next=/x&y=%2F",
    "/.well-known/openid-configuration",
    "/healthz",
    "/metrics",
    "/-/shared",
    "/ACME/Scheduled",
    "//double//slash",
    `/${"long/".repeat(160)}`,
  ];
  const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
  const wrong: string[] = [];
  const look = async (what: string, asked: Promise<Answer>, type = "text/html; charset=utf-8") => {
    const answer = await asked.catch((error: unknown) => ({ status: 0, headers: {}, body: String(error) }));
    const headers: Answer["headers"] = answer.headers;
    const right =
      isAcmesPage(answer) &&
      headers["retry-after"] === "300" &&
      headers["cache-control"] === "no-store" &&
      headers["x-content-type-options"] === "nosniff" &&
      String(headers["content-security-policy"]).startsWith("default-src 'none'") &&
      headers["content-type"] === type &&
      (what.startsWith("HEAD") ? answer.body === "" : answer.body.length > 50);
    if (!right) wrong.push(`${what}: ${answer.status} ${JSON.stringify(headers)} ${answer.body.slice(0, 60)}`);
  };
  for (const host of HOSTS) {
    for (const path of paths) {
      for (const method of methods)
        await look(`${method} ${host}${path}`, visit(edge, host, path, { method, headers: BROWSER }));
    }
    const json = { headers: { accept: "application/json" } };
    await look(`JSON ${host}`, visit(edge, host, "/api/user/v1/me", json), "application/problem+json");
    const body = Buffer.alloc(20 * 1024 * 1024, "x");
    await look(`20 MB to ${host}`, send(host, "POST", body, true));
    await look(`20 MB of unknown length to ${host}`, send(host, "PUT", body, false));
  }
  return wrong.length === 0 ? "all: 503, the page, Retry-After 300" : wrong.join("\n");
}
