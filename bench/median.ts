/** The median; of an even number of values, the upper of the two in the middle. `NaN` without values. */
export function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}
