import { z } from "zod";
import {
  type ApiAnswer,
  type ApiObject,
  type ClusterApi,
  failureIn,
  isTypeMissing,
  strangerText,
  Unreachable,
} from "../components/cluster-api";
import type { Gentleness } from "./at-once";

/**
 * How many overrides are tried at a time. ingress-nginx's own admission webhook renders the whole configuration for each Ingress and tries it in a
 * new nginx (internal/ingress/controller/controller.go, CheckIngress). With 1,000 Ingresses that takes seconds
 * (https://github.com/kubernetes/ingress-nginx/issues/11115), and the memory and the processors are those that visitors' requests need.
 */
export const OF_TRIALS: Omit<Gentleness, "mostMilliseconds"> = { atOnce: 10, quickMilliseconds: 500 };

/** What the cluster's API says of an object that it was given for a dry run. */
export interface Verdict {
  /** `unknown` if it could not be tried, and `untried` if the cluster does not have the type: the edge's obstacles say that. */
  readonly result: "problem" | "unknown" | "untried";
  readonly text: string;
  readonly remedy: string;
}

/**
 * Has the API admit the override of an instance in a dry run, with all admission policies of the cluster. Nothing is kept.
 *
 * @param objects the override's objects.
 * @param mostMilliseconds the limit for each object.
 * @returns what is wrong; empty if all are admitted as they are. An object for which the API does not answer in time is `unknown`.
 */
export async function verdictsOn(
  objects: readonly ApiObject[],
  api: Pick<ClusterApi, "dryRun">,
  mostMilliseconds: number,
): Promise<readonly Verdict[]> {
  const verdicts = await Promise.all(
    objects.map(async (object) => {
      try {
        return verdictOn(object, await api.dryRun(object, mostMilliseconds));
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        return unknown(error.message, SLOW_REMEDY);
      }
    }),
  );
  return verdicts.flatMap((verdict) => verdict ?? []);
}

const SLOW_REMEDY = "Is an admission webhook slow, or the API server busy? Try again: npx maintenance check INSTANCE.";

/** `undefined` if the object is admitted as it is. */
export function verdictOn(object: ApiObject, answer: ApiAnswer): Verdict | undefined {
  const name = `${object.kind} ${object.metadata.name}`;
  if (answer.status < 400) {
    const stored = answer.json();
    const changed = changesBetween(object, stored).filter((path) => !path.startsWith("metadata.labels"));
    if (changed.length === 0) return undefined;
    return {
      result: "problem",
      text: `the cluster would change the override (${name}) at ${changed.slice(0, 3).join(", ")}`,
      remedy: `Exempt the namespace ${object.metadata.namespace} from the admission policy that rewrites it.`,
    };
  }
  const failure = failureIn(answer);
  const message = failure === undefined ? strangerText(answer) : (failure.message ?? `status ${answer.status}`);
  if (/^namespaces "[^"]*" not found$/.test(message))
    return unknown(message, "Run `pulumi up`, which makes the namespace.");
  if (isTypeMissing(answer) && !/^admission webhook/.test(message))
    return { result: "untried", text: "the cluster has no such type", remedy: "See the row of the controller." };
  if (answer.status === 429) return unknown(message, SLOW_REMEDY);
  if (failure === undefined) return unknown(message, "See the row of the cluster.");
  if (isOfRights(message))
    return {
      result: "unknown",
      text: `this account may not try it: ${message}`,
      remedy: "Check with the account that runs `pulumi up` (docs/kubernetes-roles.yaml).",
    };
  if (/does not support dry run/.test(message))
    return unknown(
      message,
      "That webhook says nothing before the incident. Put one instance into maintenance to find out.",
    );
  // ingress-nginx's own webhook (internal/ingress/controller/controller.go, checkOverlap).
  const [, taker] = /is already defined in ingress ([\w.-]+\/[\w.-]+)/.exec(message) ?? [];
  return {
    result: "problem",
    // It quotes the override's path, most of which is one letter.
    text: `the cluster refuses the override: ${message.replace(/(.)\1{19,}/g, "…")}`,
    remedy:
      taker === undefined
        ? `Exempt the namespace ${object.metadata.namespace} from that admission policy.`
        : `Find out who made Ingress ${taker}, and delete it: it has the path of overrides.`,
  };
}

function unknown(message: string, remedy: string): Verdict {
  return { result: "unknown", text: `it can't be tried: ${message}`, remedy };
}

/** A refusal of the API's authorizer, and not of an admission policy (k8s.io/apiserver, pkg/endpoints/handlers/responsewriters/errors.go). */
function isOfRights(message: string): boolean {
  return /User "[^"]*" cannot \w+ resource/.test(message);
}

const recordSchema = z.record(z.string(), z.unknown());

/**
 * The fields of an object that another one does not have, or has otherwise. What the other one has besides is no difference: the API adds
 * defaults.
 *
 * @example
 * changesBetween({ spec: { rules: [{ host: "a" }] } }, { spec: { rules: [{ host: "b" }] } }); // ["spec.rules.0.host"]
 */
export function changesBetween(wanted: unknown, found: unknown, path: readonly string[] = []): readonly string[] {
  if (Array.isArray(wanted)) {
    if (!Array.isArray(found) || found.length !== wanted.length) return [path.join(".")];
    return wanted.flatMap((one, index) => changesBetween(one, found[index], [...path, String(index)]));
  }
  const fields = recordSchema.safeParse(wanted);
  if (!fields.success) return wanted === found ? [] : [path.join(".")];
  const others = recordSchema.safeParse(found);
  return Object.entries(fields.data).flatMap(([name, value]) =>
    changesBetween(value, others.data?.[name], [...path, name]),
  );
}
