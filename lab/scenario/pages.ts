import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readStrings } from "../../model/languages";
import { feedSchema } from "../../outputs";
import { ASSETS_PATH, FORMATS, PAGE_KINDS } from "../../pages/kinds";
import { CLIENTS_FOLDER } from "../../pages/paths";
import type { Lab } from "../lab";
import { REQUESTS } from "../traffic/requests";
import { type Answer, BROWSER, untilAnswer, visit } from "../traffic/visitor";
import type { Figures } from "./figures";
import { disable, enable } from "./maintenance";
import { everyHostIs, isPageOf, seeChanges, seeInstance, seePage, seeRefusal } from "./seen";
import type { Step } from "./step";

/** The shared pages, gamma's 50x page, and both for others to show. */
const CHANGED_WITH_ALL = PAGE_KINDS.length * FORMATS.length + FORMATS.length + 2;

/** What each client gets, while acme is in maintenance. */
export const clientSteps: readonly Step[] = [
  {
    step: `acme: ${REQUESTS.length} requests (of browsers, apps, bots, tools) and what each gets by Accept and Accept-Language`,
    expected: "each its format and language, 503, Vary",
    see: everyRequestGetsItsPage,
  },
  {
    step: "acme: a browser application on another host asks its API",
    expected: "preflight 204; then 503 that it may read, with the problem document",
    see: otherOriginSeesTheProblem,
  },
];

/** What a page says, and how soon. Nothing is in maintenance before, nor after. */
export const pageSteps: readonly Step[] = [
  {
    step: "a message in two languages; then another text",
    expected: `create BucketObjectv2 (${FORMATS.length}), delete BucketObjectv2 (${FORMATS.length}), update override maintenance-acme; everybody has the new text within 10 s, in their language; beta: 200 from beta`,
    see: changedMessageIsSeen,
  },
  {
    step: "pulumi config set --path links.status …: a change of every page's text",
    // Those of acme's message, and gamma's standing pages, have a new address each.
    expected: `create BucketObjectv2 (${2 * FORMATS.length}), delete BucketObjectv2 (${2 * FORMATS.length}), update BucketObjectv2 (${CHANGED_WITH_ALL}), update ConfigMap page-server-pages, update override maintenance-acme; everybody has the new text within 10 s; no pod was restarted`,
    see: changedPageIsSeen,
  },
  {
    step: `the bucket is stopped; pulumi config set maintenance '["gamma"]' && pulumi up`,
    expected: "create override maintenance-gamma; 503, the page of gamma",
    see: clientIsEnabledWithoutBucket,
  },
  {
    step: "gamma, an instance with a folder of its own, as soon as the bucket is back",
    expected:
      "503, the page of gamma (unscheduled, instance); its colour, its logo, its words, its picture; a file that is not there: 404; any other path: 503, the page of gamma (unscheduled, instance)",
    see: clientsPageIsSeen,
  },
  {
    step: "gamma's page when its application fails, and the bucket's list of pages, straight from the bucket",
    isSameAtEveryEdge: true,
    expected: "200 text/html; charset=utf-8, with its words; the list: 403",
    see: failurePageIsThere,
  },
  {
    step: "a folder for acme with a template that is broken, and acme in maintenance",
    isSameAtEveryEdge: true,
    expected: "refused at pages/clients/acme/page.html.liquid:2:27; no change; 200 from acme",
    see: brokenTemplateIsRefused,
  },
  {
    step: "pulumi config set feed true, with acme in maintenance; and without it again",
    isSameAtEveryEdge: true,
    expected:
      "create BucketObjectv2 pages/status.json, create override maintenance-acme; application/json: acme unscheduled active; delete BucketObjectv2 pages/status.json, delete override maintenance-acme",
    see: feedTells,
  },
];

async function everyRequestGetsItsPage({ edge }: Lab): Promise<string> {
  const wrong: string[] = [];
  for (const { name, headers, gets, language = "en" } of REQUESTS) {
    const answer = await visit(edge, "acme.localhost", "/", { headers });
    const got = answer.body === "" ? "nothing" : String(answer.headers["content-type"]);
    const speaks = answer.headers["content-language"] ?? "nothing";
    const wanted = gets === "nothing" ? "nothing" : language;
    // What the header says, the page says as well.
    const heading = wanted === "nothing" ? "" : readStrings(language).unscheduled.heading;
    const speaksIt = answer.body.replaceAll("&#39;", "'").includes(heading);
    const varies = answer.headers.vary === "Accept, Accept-Language, Origin, Sec-Fetch-Dest";
    if (!isPageOf("acme")(answer) || got !== gets || speaks !== wanted || !speaksIt || !varies) {
      wrong.push(
        `${name}: ${answer.status} ${got} in ${speaks}${speaksIt ? "" : " (not the page)"}, Vary ${answer.headers.vary}`,
      );
    }
  }
  return wrong.length === 0 ? "each its format and language, 503, Vary" : wrong.join("; ");
}

async function otherOriginSeesTheProblem({ edge }: Lab): Promise<string> {
  const origin = "http://apps.acme.localhost";
  const asked = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type,x-csrftoken",
  };
  const preflight = await visit(edge, "acme.localhost", "/api", { method: "OPTIONS", headers: { origin, ...asked } });
  const answer = await visit(edge, "acme.localhost", "/api", { method: "POST", headers: { origin, accept: "*/*" } });
  const allows = ({ headers }: Answer) =>
    headers["access-control-allow-origin"] === origin && headers["access-control-allow-credentials"] === "true";
  const passes =
    allows(preflight) &&
    preflight.headers["access-control-allow-methods"] === "POST" &&
    preflight.headers["access-control-allow-headers"] === asked["access-control-request-headers"];
  const document: unknown = JSON.parse(answer.body);
  const isProblem = typeof document === "object" && document !== null && Reflect.get(document, "status") === 503;
  return `preflight ${passes ? preflight.status : "refused"}; then ${answer.status} that it may ${allows(answer) ? "" : "not "}read, with ${isProblem ? "the" : "no"} problem document`;
}

/** How long visitors may go on seeing an old text after an `up` has ended, in seconds. */
const SOON = 10;

async function changedMessageIsSeen({ edge, stack }: Lab, figures: Figures): Promise<string> {
  const say = (language: string, text: string) =>
    stack.type(["config", "set", "--path", `maintenance[0].message.${language}`, text]);
  await stack.type(["config", "rm", "maintenance"]);
  await stack.type(["config", "set", "--path", "maintenance[0].instance", "acme"]);
  await say("en", "Back at eight.");
  await say("de", "Zurück um acht.");
  await stack.up();
  await everyHostIs("acme", isPageOf("acme"), edge);
  await untilSaid(edge, "acme.localhost", "Back at eight.");

  await say("en", "Back at nine.");
  await say("de", "Zurück um neun.");
  const up = await stack.up();
  figures.message = { changes: up.changes.length, seconds: up.seconds, seen: 0 };
  figures.message.seen = await untilSaid(edge, "acme.localhost", "Back at nine.");
  const said = await Promise.all(
    // Who has no German and no English gets the message in the stack's first language.
    [
      ["de-AT, de;q=0.9", "Zurück um neun."],
      ["ja", "Back at nine."],
    ].map(async ([language = "", text = ""]) => {
      const headers = { ...BROWSER, "accept-language": language };
      return (await visit(edge, "acme.localhost", "/", { headers })).body.includes(text);
    }),
  );
  const inLanguages = said.every(Boolean) ? "in their language" : "not in their language";
  return `${seeChanges(up)}; everybody has the new text within ${SOON} s, ${inLanguages}; beta: ${await seeInstance(visit(edge, "beta.localhost"))}`;
}

async function changedPageIsSeen({ edge, stack, samples }: Lab, figures: Figures): Promise<string> {
  const before = await samples.podsOf("maintenance-pages");
  const status = "https://status.example.org/";
  // Both pages have been shown, and so are in the page server's caches.
  await visit(edge, "nobody.localhost", "/", { headers: BROWSER });
  await stack.type(["config", "set", "--path", "links.status", status]);
  const up = await stack.up();
  const seen = await Promise.all(["nobody.localhost", "acme.localhost"].map((host) => untilSaid(edge, host, status)));
  figures.sharedText = { changes: up.changes.length, seconds: up.seconds, seen: Math.max(...seen) };
  const after = await samples.podsOf("maintenance-pages");
  const restarted = after.filter((pod) => !before.includes(pod)).length;
  await stack.type(["config", "rm", "links"]);
  await disable({ edge, stack }, "acme");
  return `${seeChanges(up)}; everybody has the new text within ${SOON} s; ${restarted === 0 ? "no pod was restarted" : `${restarted} pods are new`}`;
}

/** Seconds until every answer has the text. */
async function untilSaid(edge: string, host: string, text: string): Promise<number> {
  const ask = () => visit(edge, host, "/", { headers: BROWSER });
  return (await untilAnswer(ask, ({ body }) => body.includes(text), SOON)) / 1000;
}

async function clientIsEnabledWithoutBucket({ edge, stack, cluster }: Lab): Promise<string> {
  await cluster.objectStore.stop();
  try {
    const up = await enable({ edge, stack }, "gamma");
    return `${seeChanges(up)}; 503, the page of gamma`;
  } finally {
    await cluster.objectStore.start();
  }
}

async function clientsPageIsSeen({ edge, stack }: Lab): Promise<string> {
  await untilSaid(edge, "gamma.localhost", "The Gamma campus is closed");
  const ask = (path: string) => visit(edge, "gamma.localhost", path, { headers: BROWSER });
  const page = await ask("/courses");
  const picture = /<img class="campus" src="([^"]+)"/.exec(page.body)?.[1] ?? "/no-picture";
  const shown = await visit(edge, "gamma.localhost", picture, { headers: { accept: "image/svg+xml,image/*" } });
  const has = [
    page.body.includes("--accent:#8a1f4d") ? "its colour" : "no colour",
    page.body.includes('<img class="logo" src="data:image/svg+xml;base64,') ? "its logo" : "no logo",
    page.body.includes("The Gamma campus is closed") ? "its words" : "no words",
    shown.status === 200 && shown.headers["content-type"] === "image/svg+xml" && /^<svg/.test(shown.body)
      ? "its picture"
      : `${shown.status} ${shown.headers["content-type"]} for ${picture}`,
  ];
  const missing = await ask(`${ASSETS_PATH}no-such-file.svg`);
  const other = await seePage(ask(`${ASSETS_PATH}../instances/acme/50x.en.html`));
  await disable({ edge, stack }, "gamma");
  return `${await seePage(Promise.resolve(page))}; ${has.join(", ")}; a file that is not there: ${missing.status}; any other path: ${other}`;
}

async function failurePageIsThere({ cluster, stack }: Lab): Promise<string> {
  const { bucketAddress } = await stack.outputs();
  const { endpoint } = cluster.objectStore;
  const bucket = new URL(String(bucketAddress)).pathname;
  const page = await fetch(`${endpoint}${bucket}/pages/instances/gamma/50x.en.html`);
  const words = (await page.text()).includes("The Gamma campus can’t answer") ? "with its words" : "without its words";
  const list = await fetch(`${endpoint}${bucket}?list-type=2&prefix=pages/`);
  return `${page.status} ${page.headers.get("content-type")}, ${words}; the list: ${list.status}`;
}

async function feedTells({ edge, cluster, stack }: Lab): Promise<string> {
  await stack.type(["config", "set", "feed", "true"]);
  const enabled = await enable({ edge, stack }, "acme");
  const bucket = new URL(String((await stack.outputs()).bucketAddress)).pathname;
  const answer = await fetch(`${cluster.objectStore.endpoint}${bucket}/pages/status.json`);
  const { maintenance } = feedSchema.parse(await answer.json());
  const entries = maintenance.map(({ instance, kind, state }) => `${instance} ${kind} ${state}`).join(", ");
  await stack.type(["config", "rm", "feed"]);
  const disabled = await disable({ edge, stack }, "acme");
  return `${seeChanges(enabled)}; ${answer.headers.get("content-type")}: ${entries}; ${seeChanges(disabled)}`;
}

async function brokenTemplateIsRefused({ edge, stack }: Lab): Promise<string> {
  const folder = join(CLIENTS_FOLDER, "acme");
  await stack.type(["config", "set", "maintenance", '["acme"]']);
  mkdirSync(folder);
  try {
    writeFileSync(
      join(folder, "page.html.liquid"),
      '{% layout "page.html.liquid" %}\n{% block heading %}<h1>{{ strings.headline }}</h1>{% endblock %}\n',
    );
    const refusal = await seeRefusal(stack.up(), /(pages\/clients\/acme\/\S+)/);
    return `refused at ${refusal}; ${await seeInstance(visit(edge, "acme.localhost"))}`;
  } finally {
    rmSync(folder, { recursive: true });
    await stack.type(["config", "set", "maintenance", "[]"]);
  }
}
