import { listed } from "../../../model/problems";
import type { Inspection } from "../edge";
import { type Controller, isAtLeast, optionOf, type Version } from "./controllers";
import { isTrue } from "./objects";
import { ANNOTATION_PREFIX, UNSHIELDABLE } from "./options";

/** The ConfigMap of a controller. */
export interface Config {
  /** Such as `ConfigMap ingress-nginx/ingress-nginx-controller`. */
  readonly place: string;
  readonly data: Readonly<Record<string, string>>;
}

/** A controller with its ConfigMap. */
export interface ConfiguredController extends Controller {
  /** `undefined` if it can't be read. A ConfigMap that does not exist is an empty one. */
  readonly config: Config | undefined;
}

/** The namespace and the name of a controller's ConfigMap; `undefined` if it has none, or if that is not known. */
export function configMapOf(controller: Controller): { readonly namespace: string; readonly name: string } | undefined {
  const [namespace, name] = (optionOf(controller, "configmap") ?? "").split("/");
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
}

/** The headers of the page: those that the page server adds (page-server/model.ts, headersOf). */
export const PAGE_HEADERS: readonly string[] = [
  "X-Maintenance-Page",
  "Retry-After",
  "Cache-Control",
  "Content-Language",
  "Vary",
  "Access-Control-Allow-Origin",
  "Access-Control-Allow-Credentials",
  "Access-Control-Expose-Headers",
  "Access-Control-Allow-Methods",
  "Access-Control-Allow-Headers",
  "Content-Security-Policy",
  "X-Content-Type-Options",
  "X-Robots-Tag",
  "Referrer-Policy",
];

/** The first version with annotations-risk-level, and without snippets in annotations by default (changelog/controller-1.9.0.md). */
const WITH_RISK_LEVEL: Version = [1, 9, 0];

/** The first version without the option `plugins` (changelog/controller-1.12.0.md). */
const WITHOUT_PLUGINS: Version = [1, 12, 0];

/**
 * What options of a ConfigMap do to every override, although its annotations shield it from others. An obstacle prevents every override;
 * a note does not.
 *
 * @param version the controller's, if it is known.
 * @param annotations those that every override has.
 */
export function configFindings(
  { place, data }: Config,
  version: Version | undefined,
  annotations: Readonly<Record<string, string>>,
): Pick<Inspection, "obstacles" | "notes"> {
  const [certain, likely] = [refusedWords(data, annotations, "certain"), refusedWords(data, annotations, "likely")];
  const level = riskLevelProblem(place, data);
  const isLevelKnown = version !== undefined && isAtLeast(version, WITH_RISK_LEVEL);
  return {
    obstacles: [...(isLevelKnown ? level : []), ...wordProblem(place, certain)],
    notes: [
      ...(isLevelKnown ? [] : level),
      ...(certain.length > 0 ? [] : wordProblem(place, likely)),
      ...snippetNote(place, data, version),
      ...headerNote(place, data),
    ],
  };
}

/** Every other value counts as Low (internal/ingress/annotations/parser/main.go, StringRiskToRisk). */
function riskLevelProblem(place: string, data: Config["data"]): readonly string[] {
  const level = data["annotations-risk-level"];
  if (level === undefined || ["medium", "high", "critical"].includes(level.toLowerCase())) return [];
  return [
    `${place} has annotations-risk-level: ${level || '""'}, so the controller refuses the overrides: set it to Medium, High or Critical.`,
  ];
}

/**
 * The words of annotation-value-word-blocklist that annotations contain. The controller ignores an Ingress with a word as it is in the list
 * (internal/ingress/controller/store/store.go, checkBadAnnotationValue). Its webhook, which a cluster may lack, also ignores blanks around
 * a word (internal/ingress/controller/controller.go, CheckIngress).
 *
 * @param how `certain` for words as they are in the list, `likely` for words without blanks around them.
 */
export function refusedWords(
  data: Config["data"],
  annotations: Readonly<Record<string, string>>,
  how: "certain" | "likely",
): readonly string[] {
  const list = data["annotation-value-word-blocklist"] ?? "";
  if (list === "") return [];
  const values = Object.entries(annotations).flatMap(([name, value]) =>
    name.startsWith(`${ANNOTATION_PREFIX}/`) ? [value] : [],
  );
  const words = list.trim().split(",");
  return (how === "certain" ? words : words.map((word) => word.trim())).filter((word) =>
    values.some((value) => value.includes(word)),
  );
}

/** Words of annotation-value-word-blocklist, as texts name them. An empty one is what a comma at the end makes. */
export function quoted(words: readonly string[]): string {
  return listed(words.map((word) => JSON.stringify(word)));
}

function wordProblem(place: string, words: readonly string[]): readonly string[] {
  if (words.length === 0) return [];
  return [
    `${place} has ${quoted(words)} in annotation-value-word-blocklist, and every override's annotations contain that, so the controller refuses the overrides: take it out of the list.`,
  ];
}

function snippetNote(place: string, data: Config["data"], version: Version | undefined): readonly string[] {
  const hasPlugins = version === undefined || !isAtLeast(version, WITHOUT_PLUGINS);
  const found = optionsBeside("location-snippet").filter(
    (option) => (data[option] ?? "").trim() !== "" && (option !== "plugins" || hasPlugins),
  );
  if (found.length === 0) return [];
  return [
    `${place} has ${listed(found)}. ${effectOf("location-snippet")} Check that nothing in there answers requests: no override can prevent that.`,
  ];
}

function headerNote(place: string, data: Config["data"]): readonly string[] {
  const hidden = (data["hide-headers"] ?? "").split(",").map((header) => header.trim().toLowerCase());
  const found = PAGE_HEADERS.filter((header) => hidden.includes(header.toLowerCase()));
  if (found.length === 0) return [];
  return [`${place} has ${listed(found)} in hide-headers. ${effectOf("hide-headers")} Take them out of the list.`];
}

/** The options that have the same effect as this one. */
function optionsBeside(option: string): readonly string[] {
  return UNSHIELDABLE.find(({ options }) => options.includes(option))?.options ?? [];
}

function effectOf(option: string): string {
  return UNSHIELDABLE.find(({ options }) => options.includes(option))?.effect ?? "";
}

/** Whether one of these controllers uses snippets in annotations. `undefined` if that is not known. */
export function allowsSnippets(controllers: readonly ConfiguredController[]): boolean | undefined {
  const answers = controllers.map(({ config, version }) => {
    const value = config?.data["allow-snippet-annotations"];
    if (config === undefined) return undefined;
    if (value !== undefined) return isTrue(value);
    return version === undefined ? undefined : !isAtLeast(version, WITH_RISK_LEVEL);
  });
  return anyOf(answers);
}

/** Whether one of these controllers passes TLS through where an Ingress wants it. `undefined` if that is not known. */
export function passesTlsThrough(controllers: readonly Controller[]): boolean | undefined {
  return anyOf(
    controllers.map((controller) => {
      const value = optionOf(controller, "enable-ssl-passthrough");
      return value === undefined ? undefined : isTrue(value);
    }),
  );
}

function anyOf(answers: readonly (boolean | undefined)[]): boolean | undefined {
  if (answers.includes(true)) return true;
  return answers.length === 0 || answers.includes(undefined) ? undefined : false;
}
