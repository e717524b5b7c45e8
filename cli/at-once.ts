/**
 * Does the same for many items, some at a time. After a failure no other item is begun.
 *
 * @param mostMilliseconds the time after which no other item is begun. @default no limit
 * @returns the results, in the order of the items; without those of the last items, if there was no time for them.
 *
 * @example
 * await mapSome(hosts, 16, (host) => lookup(host));
 */
export async function mapSome<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<Result>,
  mostMilliseconds = Number.POSITIVE_INFINITY,
): Promise<readonly Result[]> {
  const begin = performance.now();
  const results: Result[] = [];
  const left = items.entries(); // shared: each worker takes the next one
  let hasFailed = false;
  const worker = async () => {
    for (const [index, item] of left) {
      if (hasFailed || performance.now() - begin >= mostMilliseconds) return;
      try {
        results[index] = await work(item);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

/** How `mapGently` treats a server. */
export interface Gentleness {
  /** How many items at a time, if the server is quick. */
  readonly atOnce: number;
  /** If the first item takes longer, the others are done one at a time. */
  readonly quickMilliseconds: number;
  /** After this time no other item is begun. */
  readonly mostMilliseconds: number;
}

/**
 * Does the same for many items at a server that may have much to do for each. The first item, which is done alone, shows whether it has.
 *
 * @returns the results, in the order of the items; without those of the last items, if there was no time for them.
 */
export async function mapGently<Item, Result>(
  items: readonly Item[],
  { atOnce, quickMilliseconds, mostMilliseconds }: Gentleness,
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const begin = performance.now();
  const first = await mapSome(items.slice(0, 1), 1, work);
  const milliseconds = performance.now() - begin;
  const isQuick = milliseconds <= quickMilliseconds;
  const others = await mapSome(items.slice(1), isQuick ? atOnce : 1, work, mostMilliseconds - milliseconds);
  return [...first, ...others];
}
