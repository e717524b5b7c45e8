import { isDeepStrictEqual } from "node:util";
import type { AlertmanagerReceiver, Receiver } from "../../settings/notify";
import { isEncryptedValue } from "../../settings/notify";
import type { AppliedEntry } from "../records";
import { visibleLine } from "../visible";
import { type Notice, notificationOf, slackText } from "./message";
import { LIMITS, type Limits, NotSent, type Outgoing, send } from "./send";
import { signatureHeaders } from "./signature";
import { type Call, creatorOf, keepSilences, wantedSilences } from "./silences";

/** A notice, and its receivers. */
export interface Telling {
  /** Decrypted. */
  readonly receivers: readonly Receiver[];
  readonly notice: Notice;
  /** The entries that are applied now, for the silences; `undefined` leaves all silences as they are: after a failure nobody knows. */
  readonly applied: readonly AppliedEntry[] | undefined;
  /** Whether silences of all other instances are ended. @default true */
  readonly endsOthers?: boolean;
  /** The mark of the stack; see settings/stack-mark.ts. */
  readonly mark: string;
}

/** The receivers that were sent something, and those that were not reached, with the reason. */
export interface Told {
  readonly sent: readonly string[];
  readonly failed: readonly string[];
}

/**
 * Sends a notice to all receivers at the same time. It never throws: a receiver that is down must not make anything else fail.
 *
 * @example
 * await tell({ receivers, notice, applied, mark }); // { sent: ["notify[0] (webhook, hooks.example.org)"], failed: [] }
 */
export async function tell(telling: Telling, limits: Limits = LIMITS): Promise<Told> {
  const results = await Promise.all(
    telling.receivers.map(async (receiver, index) => {
      const place = placeOf(receiver, index);
      try {
        return (await tellOne(receiver, telling, limits)) ? { sent: place } : {};
      } catch (error) {
        const reason = error instanceof NotSent ? error.message : "it failed in an unexpected way";
        return { failed: visibleLine(`${place}: ${reason}`) };
      }
    }),
  );
  return {
    sent: results.flatMap(({ sent }) => sent ?? []),
    failed: results.flatMap(({ failed }) => failed ?? []),
  };
}

/** Where a receiver stands in the configuration, and its host. The rest of its URL may be a secret. */
function placeOf(receiver: Receiver, index: number): string {
  const host = typeof receiver.url === "string" && URL.canParse(receiver.url) ? `, ${new URL(receiver.url).host}` : "";
  return `notify[${index}] (${receiver.kind}${host})`;
}

/** Whether something was sent. */
async function tellOne(receiver: Receiver, telling: Telling, limits: Limits): Promise<boolean> {
  const deadline = AbortSignal.timeout(limits.receiverMilliseconds);
  const { notice } = telling;
  switch (receiver.kind) {
    case "webhook": {
      if (notice.events.length === 0) return false;
      const body = JSON.stringify(notificationOf(notice));
      const secret = decrypted(receiver.secret);
      await send(
        {
          method: "POST",
          url: decrypted(receiver.url),
          headers: () => ({ ...JSON_HEADERS, ...signatureHeaders(secret, new Date(), body) }),
          body,
          deadline,
        },
        limits,
      );
      return true;
    }
    case "slack": {
      if (notice.events.length === 0) return false;
      // Without mrkdwn an asterisk in a name or in a reason stays an asterisk.
      const body = JSON.stringify({ text: slackText(notice), mrkdwn: false, unfurl_links: false });
      await send({ method: "POST", url: decrypted(receiver.url), headers: () => JSON_HEADERS, body, deadline }, limits);
      return true;
    }
    case "alertmanager": {
      const { applied, endsOthers, mark } = telling;
      if (applied === undefined) return false;
      const together = telling.receivers.filter((one) => one.kind === "alertmanager").filter(isSamePlace(receiver));
      // Each would end the silences of the others: all are by one creator.
      if (together[0] !== receiver) return false;
      const base = baseOf(receiver);
      const headers = { ...JSON_HEADERS, ...authorizationOf(receiver) };
      const wanted = together.flatMap((one) => wantedSilences(applied, one, notice.time));
      const call = ({ method, path, body }: Call) => {
        const outgoing: Outgoing = {
          method,
          url: `${base}${path}`,
          headers: () => headers,
          needsBody: method === "GET",
          deadline,
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        };
        return send(outgoing, limits);
      };
      const creator = creatorOf(notice.stack, mark);
      const changed = await keepSilences(wanted, creator, notice.time, call, endsOthers);
      return changed > 0;
    }
  }
}

function baseOf({ url }: AlertmanagerReceiver): string {
  return url.replace(/\/+$/, "");
}

/** Whether another receiver leads to the same silences. With other credentials a proxy may lead to those of somebody else. */
function isSamePlace(receiver: AlertmanagerReceiver): (other: AlertmanagerReceiver) => boolean {
  const placeIn = (one: AlertmanagerReceiver) => [baseOf(one), one.bearerToken, one.username, one.password];
  return (other) => isDeepStrictEqual(placeIn(other), placeIn(receiver));
}

const JSON_HEADERS = { "content-type": "application/json", "user-agent": "maintenance-pages" };

function authorizationOf({ bearerToken, username, password }: AlertmanagerReceiver): Readonly<Record<string, string>> {
  if (bearerToken !== undefined) return { authorization: `Bearer ${decrypted(bearerToken)}` };
  if (username === undefined || password === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${username}:${decrypted(password)}`).toString("base64")}` };
}

function decrypted(value: unknown): string {
  if (typeof value === "string" && !isEncryptedValue(value)) return value;
  throw new NotSent("it is encrypted, and was not decrypted", undefined, true);
}
