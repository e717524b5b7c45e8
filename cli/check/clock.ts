import type { ClusterApi } from "../../components/cluster-api";
import { bucketUrl } from "../../settings/bucket-address";
import { readClock } from "../../settings/clock";
import type { BucketSettings } from "../../settings/schema";
import { spanOf } from "../times";
import { type Finding, orOk } from "./finding";
import { requestStore } from "./store";

const CLOCK = "clock";

/** Less than a minute moves no window: windows have minutes. */
const MOST_APART_MILLISECONDS = 60_000;

/** What another machine says of the time. */
interface Reading {
  /** Whose clock it is. */
  readonly owner: string;
  /** Milliseconds that this computer's clock is ahead of it, at least; below zero it is behind. 0 if they may agree. */
  readonly ahead: number;
}

/**
 * Compares this computer's clock with those of the cluster's API and of the store.
 *
 * @param now the clock of this computer, in milliseconds since 1970. @default the one that the program uses
 */
export async function clockFindings(
  api: Pick<ClusterApi, "get">,
  bucket: BucketSettings,
  now: () => number = () => readClock().getTime(),
): Promise<readonly Finding[]> {
  const readings = await Promise.all([
    read("the cluster's API", () => api.get("/version"), now),
    read(
      "the store",
      () => requestStore(bucketUrl({ ...bucket, readUrl: undefined }), bucket.certificateAuthority),
      now,
    ),
  ]);
  const known = readings.flatMap((reading) => reading ?? []);
  if (known.length === 0) {
    return [
      {
        check: CLOCK,
        result: "unknown",
        text: "neither the cluster's API nor the store says what time it is",
        remedy: `Compare this computer's clock with a good one: it is ${new Date(now()).toISOString()}.`,
      },
    ];
  }
  const owners = known.map(({ owner }) => owner).join(" and ");
  return orOk(CLOCK, known.flatMap(apartFindings), `this computer's clock agrees with that of ${owners}`);
}

function apartFindings({ owner, ahead }: Reading): readonly Finding[] {
  if (Math.abs(ahead) <= MOST_APART_MILLISECONDS) return [];
  return [
    {
      check: CLOCK,
      result: "warning",
      text: `this computer's clock is at least ${spanOf(ahead)} ${ahead > 0 ? "ahead of" : "behind"} that of ${owner}: by it windows begin and end, and by the nodes' clocks Retry-After is counted`,
      remedy: "Set the clock that is wrong, by NTP. $MAINTENANCE_PAGES_NOW, if it is set, replaces this computer's.",
    },
  ];
}

/** Reads another clock; `undefined` if it can't be read. */
async function read(
  owner: string,
  request: () => Promise<{
    readonly headers: { readonly date?: string | undefined; readonly age?: string | undefined };
  }>,
  now: () => number,
): Promise<Reading | undefined> {
  const sent = now();
  const answer = await request().catch(() => undefined);
  const received = now();
  const { date, age } = answer?.headers ?? {};
  const time = Date.parse(date ?? "");
  // An answer from a cache has the time at which it was made (RFC 9111 section 5.1).
  if (Number.isNaN(time) || age !== undefined) return undefined;
  return { owner, ahead: aheadOf(time, sent, received) };
}

const SECOND_MILLISECONDS = 1000;

/**
 * How far this clock is ahead of another one, at least. The answer was made between the request and its end, and its time is cut off to the
 * second (RFC 9110 section 6.6.1).
 */
function aheadOf(date: number, sent: number, received: number): number {
  const [least, most] = [sent - (date + SECOND_MILLISECONDS), received - date];
  if (least > 0) return least;
  return most < 0 ? most : 0;
}
