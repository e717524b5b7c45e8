/** A text in one language. */
export interface Version {
  /** A BCP 47 tag. */
  readonly language: string;
  readonly body: string;
}

/**
 * All language versions of a page in one text. nginx's server-side includes choose the version that the variable `$language`
 * names, or else the first, and send it unchanged (https://nginx.org/en/docs/http/ngx_http_ssi_module.html).
 *
 * @param versions the default language first.
 * @param common parts that each version contains once and in this order, such as a style sheet. They are stored only once.
 *   A part that is missing from any version is stored with each.
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

/** The text before and after the first occurrence of `piece`. */
function cut(text: string, piece: string): readonly [string, string] | undefined {
  const index = text.indexOf(piece);
  return index < 0 ? undefined : [text.slice(0, index), text.slice(index + piece.length)];
}

/**
 * Escapes a text for server-side includes: each `<` that could start a directive becomes an `echo` of `$lt`, which is `<`.
 * At the end of the text nginx would also lose a partial start of a directive.
 */
function literal(text: string): string {
  return text.replace(/<(?=!--|!?-?$)/g, '<!--# echo var="lt" encoding="none" -->');
}
