/** A text in one language, as BCP 47 names it. */
export interface Version {
  readonly language: string;
  readonly body: string;
}

/**
 * A page's versions in one text, of which nginx's server-side includes let the one through that the variable `$language`
 * names, byte by byte, or else the first (https://nginx.org/en/docs/http/ngx_http_ssi_module.html).
 *
 * @param versions the default language first.
 * @param common what each version has once and in this order, such as a style sheet, to be kept once; what is missing
 *   from any of them is kept with each.
 *
 * @example
 * bundle([{ language: "en", body: "Hello" }, { language: "fr", body: "Bonjour" }]);
 * // <!--# if expr="$language = fr" -->Bonjour<!--# else -->Hello<!--# endif -->
 */
export function bundle(versions: readonly [Version, ...(readonly Version[])], common: readonly string[] = []): string {
  const [first, ...others] = versions;
  if (others.every(({ body }) => body === first.body)) return literal(first.body);
  const [shared, ...rest] = common;
  if (shared !== undefined) {
    const cuts = versions.map(({ language, body }) => ({ language, parts: cut(body, shared) }));
    const side = (index: 0 | 1) => {
      const [head, ...tail] = cuts.map(({ language, parts }) => ({ language, body: parts?.[index] ?? "" }));
      return head === undefined ? "" : bundle([head, ...tail], rest);
    };
    return cuts.every(({ parts }) => parts !== undefined)
      ? `${side(0)}${literal(shared)}${side(1)}`
      : bundle(versions, rest);
  }
  const branches = others.map(
    ({ language, body }, index) =>
      `<!--# ${index === 0 ? "if" : "elif"} expr="$language = ${language}" -->${literal(body)}`,
  );
  return `${branches.join("")}<!--# else -->${literal(first.body)}<!--# endif -->`;
}

/** The text before and after the first place where `piece` stands. */
function cut(text: string, piece: string): readonly [string, string] | undefined {
  const index = text.indexOf(piece);
  return index < 0 ? undefined : [text.slice(0, index), text.slice(index + piece.length)];
}

/**
 * A text in which nginx finds nothing to do but to put back what would have been: `$lt` is its variable for `<`. What only
 * looks like the beginning of something, nginx would lose at the text's end.
 */
function literal(text: string): string {
  return text.replace(/<(?=!--|!?-?$)/g, '<!--# echo var="lt" encoding="none" -->');
}
