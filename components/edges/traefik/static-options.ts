/**
 * The static configuration of a Traefik, as far as it is in its arguments. The names of options are in lower case, without the two dashes:
 * Traefik ignores upper and lower case in them (https://doc.traefik.io/traefik/reference/install-configuration/configuration-options/).
 */
export class StaticOptions {
  constructor(private readonly values: ReadonlyMap<string, string>) {}

  get(name: string): string | undefined {
    return this.values.get(name);
  }

  /** Whether an option is true, or one below it is set. */
  isEnabled(name: string): boolean {
    const value = this.values.get(name.toLowerCase());
    if (value !== undefined) return value !== "false";
    return [...this.values.keys()].some((key) => key.startsWith(`${name.toLowerCase()}.`));
  }

  get entryPoints(): readonly string[] {
    const names = [...this.values.keys()].flatMap((key) => /^entrypoints\.([^.]+)(?:\.|$)/.exec(key)?.[1] ?? []);
    return [...new Set(names)];
  }

  hasEntryPoint(name: string): boolean {
    return this.entryPoints.includes(name.toLowerCase());
  }

  /** Whether an entry point is meant for HTTPS, by its name or its port. */
  isForTls(name: string): boolean {
    const address = this.values.get(`entrypoints.${name.toLowerCase()}.address`) ?? "";
    return /(?<!in)secure|https/i.test(name) || /:(?:443|8443)(?:\/|$)/.test(address);
  }
}

/**
 * The options in a container's command line, or `undefined` if its static configuration is elsewhere. As Traefik reads them: with one dash
 * or two, a value after `=` or in the next argument, and the values of an option that is there twice in one list
 * (https://github.com/traefik/paerser, flag/flagparser.go). An empty value is none.
 *
 * @example
 * optionsOf(["--providers.kubernetescrd", "--entryPoints.web.address=:8000/tcp"])?.hasEntryPoint("web"); // true
 */
export function optionsOf(commandLine: readonly string[]): StaticOptions | undefined {
  const values = new Map<string, string>();
  commandLine.forEach((argument, index) => {
    const [, name, own] = /^--?([^=-][^=]*)(?:=(.*))?$/s.exec(argument) ?? [];
    if (name === undefined) return;
    const next = commandLine[index + 1];
    const value = own ?? (next === undefined || next.startsWith("-") ? "true" : next);
    const before = values.get(name.toLowerCase());
    if (value !== "") values.set(name.toLowerCase(), before === undefined ? value : `${before},${value}`);
  });
  const isHere = [...values.keys()].some((name) => /^(?:entrypoints|providers)\./.test(name));
  return isHere && !values.has("configfile") ? new StaticOptions(values) : undefined;
}
