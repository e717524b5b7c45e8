/**
 * The static configuration of a Traefik, as far as it is in its arguments. The names of options are in lower case, without the two dashes:
 * Traefik ignores upper and lower case in them (https://doc.traefik.io/traefik/reference/install-configuration/configuration-options/).
 */
export class StaticOptions {
  /**
   * @param values by option.
   * @param entryPoints as they were typed: in their names Traefik does not ignore upper and lower case.
   */
  constructor(
    private readonly values: ReadonlyMap<string, string>,
    readonly entryPoints: readonly string[],
  ) {}

  get(name: string): string | undefined {
    return this.values.get(name);
  }

  /** Whether an option is true, or one below it is set. */
  isEnabled(name: string): boolean {
    const value = this.values.get(name.toLowerCase());
    if (value !== undefined) return !/^(?:0|f|false)$/i.test(value);
    return [...this.values.keys()].some((key) => key.startsWith(`${name.toLowerCase()}.`));
  }

  hasEntryPoint(name: string): boolean {
    return this.entryPoints.includes(name);
  }

  /** Whether an entry point is meant for HTTPS, by its name or its port. */
  isForTls(name: string): boolean {
    const address = this.values.get(`entrypoints.${name.toLowerCase()}.address`) ?? "";
    return /(?<!in)secure|https/i.test(name) || /:(?:443|8443)(?:\/|$)/.test(address);
  }
}

/**
 * The options in a container's command line, or `undefined` if its static configuration is elsewhere. As Traefik reads them: with one dash
 * or two, a value after `=` or in the next argument. Of an option that is there twice the last value counts, and of a list all
 * (https://github.com/traefik/paerser, flag/flagparser.go). An empty value is none.
 *
 * @example
 * optionsOf(["--providers.kubernetescrd", "--entryPoints.web.address=:8000/tcp"])?.hasEntryPoint("web"); // true
 */
export function optionsOf(commandLine: readonly string[]): StaticOptions | undefined {
  const values = new Map<string, string>();
  const entryPoints = new Map<string, string>();
  commandLine.forEach((argument, index) => {
    const [, typed, own] = /^--?([^=-][^=]*)(?:=(.*))?$/s.exec(argument) ?? [];
    if (typed === undefined) return;
    const name = typed.toLowerCase();
    const next = commandLine[index + 1];
    const value = own ?? (next === undefined || next.startsWith("-") ? "true" : next);
    const before = values.get(name);
    if (value !== "") values.set(name, before !== undefined && LISTS.test(name) ? `${before},${value}` : value);
    const [, entryPoint] = /^entrypoints\.([^.]+)(?:\.|$)/i.exec(typed) ?? [];
    if (entryPoint !== undefined && !entryPoints.has(entryPoint.toLowerCase()))
      entryPoints.set(entryPoint.toLowerCase(), entryPoint);
  });
  const isHere = [...values.keys()].some((name) => /^(?:entrypoints|providers)\./.test(name));
  return isHere && !values.has("configfile") ? new StaticOptions(values, [...entryPoints.values()]) : undefined;
}

/** The options that are lists, of those that are used here. */
const LISTS = /\.namespaces$/;
