import { version as sdkVersion } from "@pulumi/pulumi/package.json";
import { z } from "zod";
import { type ClusterApi, Unreachable } from "../../components/cluster-api";
import { CommandError } from "../errors";
import { PROJECT } from "../project";
import { runPulumi } from "../pulumi";
import { type Finding, orOk } from "./finding";

const PULUMI = "Pulumi";
const KUBERNETES = "Kubernetes";

/**
 * The oldest Kubernetes with everything that the page server's objects need: `policy/v1`
 * (https://kubernetes.io/docs/reference/using-api/deprecation-guide/#poddisruptionbudget-v125), and the label `kubernetes.io/metadata.name` of
 * namespaces, by which its network policy lets the edges in (https://github.com/kubernetes/enhancements/issues/2161).
 */
const OLDEST_KUBERNETES: Version = [1, 21];

/** Major and minor. */
type Version = readonly [number, number];

/** The versions of Pulumi's two parts, such as `v3.246.0`. */
export interface PulumiVersions {
  /** @throws {CommandError} when the CLI can't be started. */
  readonly cli: () => Promise<string>;
  readonly sdk: string;
}

/**
 * Checks the versions of what this stack's `pulumi up` runs on: the Pulumi CLI, and the cluster's Kubernetes.
 *
 * @param pulumi for tests. @default the CLI on the PATH, and the SDK in node_modules
 */
export async function versionsFindings(
  api: Pick<ClusterApi, "get">,
  pulumi: PulumiVersions = { cli: cliVersion, sdk: sdkVersion },
): Promise<readonly Finding[]> {
  return (await Promise.all([pulumiFindings(pulumi), kubernetesFindings(api)])).flat();
}

async function pulumiFindings({ cli, sdk }: PulumiVersions): Promise<readonly Finding[]> {
  try {
    const text = await cli();
    const [found, wanted] = [versionIn(text), versionIn(sdk)];
    if (found === undefined || wanted === undefined) return [unknownVersion(PULUMI, text)];
    const older: Finding = {
      check: PULUMI,
      result: "warning",
      text: `the Pulumi CLI is ${text}, and older than the SDK of this project, ${sdk}`,
      remedy: `Install ${sdk}, as the pipelines do: https://www.pulumi.com/docs/install/`,
    };
    return orOk(
      PULUMI,
      isOlder(found, wanted) ? [older] : [],
      `the Pulumi CLI is ${text}, and the SDK of this project ${sdk}`,
    );
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const remedy = `Install ${sdk}: https://www.pulumi.com/docs/install/`;
    return [{ check: PULUMI, result: "problem", text: error.message, remedy }];
  }
}

async function cliVersion(): Promise<string> {
  const { stdout } = await runPulumi(["version"], { cwd: PROJECT });
  return stdout.trim();
}

// staging/src/k8s.io/apimachinery/pkg/version/types.go in kubernetes/kubernetes
/** What the API answers for `/version`. */
export const infoSchema = z.object({ gitVersion: z.string() });

async function kubernetesFindings(api: Pick<ClusterApi, "get">): Promise<readonly Finding[]> {
  const answer = await api.get("/version").catch((error: unknown) => {
    if (error instanceof Unreachable) return error;
    throw error;
  });
  if (answer instanceof Unreachable) return [unknownVersion(KUBERNETES, answer.message)];
  const text = infoSchema.safeParse(answer.json()).data?.gitVersion;
  const found = versionIn(text ?? "");
  if (text === undefined || found === undefined) return [unknownVersion(KUBERNETES, text ?? `status ${answer.status}`)];
  const older: Finding = {
    check: KUBERNETES,
    result: "problem",
    text: `the cluster's Kubernetes is ${text}, and the page server needs ${OLDEST_KUBERNETES.join(".")} or newer`,
    remedy: "Upgrade the cluster before the next pulumi up.",
  };
  return orOk(KUBERNETES, isOlder(found, OLDEST_KUBERNETES) ? [older] : [], `the cluster's Kubernetes is ${text}`);
}

function unknownVersion(check: string, text: string): Finding {
  return { check, result: "unknown", text: `the version of ${check} is not known (${text})` };
}

/** @example versionIn("v1.35.2-gke.100"); // [1, 35] */
function versionIn(text: string): Version | undefined {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(text) ?? [];
  return major === undefined || minor === undefined ? undefined : [Number(major), Number(minor)];
}

function isOlder([major, minor]: Version, [thanMajor, thanMinor]: Version): boolean {
  return major < thanMajor || (major === thanMajor && minor < thanMinor);
}
