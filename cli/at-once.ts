/**
 * Does the same for many items, some at a time.
 *
 * @returns the results, in the order of the items.
 *
 * @example
 * await mapSome(hosts, 16, (host) => lookup(host));
 */
export async function mapSome<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const left = items.entries(); // shared: each worker takes the next one
  const worker = async () => {
    for (const [index, item] of left) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}
