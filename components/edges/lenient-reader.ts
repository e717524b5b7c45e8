import { messageOf } from "../../model/problems";
import type { ClusterReader } from "./edge";

/** Reads lists, and never throws: a list that could not be read is `undefined`. */
export interface LenientReader extends ClusterReader {
  /** Why lists could not be read: the message of each error. It grows while lists are read. */
  readonly unread: readonly string[];
}

/**
 * For lists that an edge can do without. An account whose rights are older than the code that reads them can still read what decides about our
 * own objects.
 */
export function lenientReader(cluster: ClusterReader): LenientReader {
  const unread: string[] = [];
  return {
    unread,
    async list(path, item) {
      try {
        return await cluster.list(path, item);
      } catch (error) {
        unread.push(messageOf(error));
        return undefined;
      }
    },
  };
}
