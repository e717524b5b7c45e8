import { readFileSync } from "node:fs";
import { join } from "node:path";
import { converter, formatHex, parse as parseColour, wcagContrast } from "culori";
import { z } from "zod";
import { section } from "./fields";
import type { Problem } from "./problems";

/** The colours of a theme. */
export const COLOURS = ["accent", "background", "surface", "text", "muted", "line"] as const;

const colour = (of: string) =>
  z
    .string({ error: "an opaque CSS colour, such as #1f5fbf" })
    .refine((value) => (parseColour(value)?.alpha ?? 1) === 1 && parseColour(value) !== undefined, {
      error: "an opaque CSS colour, such as #1f5fbf",
    })
    .optional()
    .describe(of);

const palette = {
  accent: colour(
    "Links, and the line at the top. Without a value for dark mode, the same hue is used there, but lighter.",
  ),
  background: colour("The area around the page."),
  surface: colour("The page behind the text."),
  text: colour("The text."),
  muted: colour("Labels and the site's name."),
  line: colour("Lines between parts."),
};

// Names separated by commas, each in a pair of quotes or without quotes: a single quote would swallow the rest of the style sheet.
const FONT_NAME = String.raw`[\p{L}\p{N} _-]+`;
const FONT = String.raw`\s*(?:"${FONT_NAME}"|'${FONT_NAME}'|${FONT_NAME})\s*`;
const FONTS = new RegExp(`^${FONT}(?:,${FONT})*$`, "u");

/** Design tokens that a stack or a client's theme.json sets in place of those of `pages/default-theme.json`. */
export const themeSchema = section({
  ...palette,
  font: z
    .string({ error: "a CSS font list" })
    .regex(FONTS, { error: 'a CSS font list, such as "Noto Sans", sans-serif' })
    .optional()
    .describe("Fonts that visitors may have installed. None is ever downloaded."),
  radius: z
    .string({ error: "a CSS length" })
    .regex(/^(?:0|\d+(?:\.\d+)?(?:px|rem|em))$/, { error: "a CSS length, such as 0.75rem" })
    .optional()
    .describe("The radius of the page's corners."),
  dark: section(palette).optional().describe("The colours for visitors who prefer dark mode."),
});

export type ThemeSettings = z.output<typeof themeSchema>;

type Palette = Readonly<Record<(typeof COLOURS)[number], string>>;

/** Every design token with its value, for light and for dark mode. */
export interface Theme {
  readonly light: Palette;
  readonly dark: Palette;
  readonly font: string;
  readonly radius: string;
}

type Layer = Palette & { readonly font: string; readonly radius: string; readonly dark: Palette };

/**
 * The shared theme, in the form of the setting `theme` and of a client's theme.json. The file must not be named `theme.json`:
 * Node would load it in place of this module, because it tries the ending `.json` before `.ts`.
 */
const SHARED: Layer = JSON.parse(readFileSync(join(__dirname, "..", "pages", "default-theme.json"), "utf8"));

/** The minimum contrast of text (WCAG 2.2, success criterion 1.4.3). */
const MIN_CONTRAST = 4.5;

/**
 * The shared theme, changed by the layers: the stack's setting, then the client's file. The last layer wins.
 *
 * @example
 * themeOf({ accent: "#8a1f4d" }).light.accent; // "#8a1f4d"; dark.accent has the same hue, light enough for dark mode
 */
export function themeOf(...layers: readonly (ThemeSettings | undefined)[]): Theme {
  let { dark, font, radius, ...light } = SHARED;
  for (const layer of layers) {
    if (layer === undefined) continue;
    const { dark: ofDark, font: otherFont, radius: otherRadius, ...ofLight } = layer;
    light = { ...light, ...hex(ofLight) };
    dark = { ...dark, ...hex(ofDark ?? {}) };
    // A brand's colour is set once. In dark mode it has the same hue and is lighter.
    if (ofLight.accent !== undefined && ofDark?.accent === undefined) {
      dark = { ...dark, accent: readable(ofLight.accent, dark.surface) };
    }
    font = otherFont ?? font;
    radius = otherRadius ?? radius;
  }
  return { light, dark, font, radius };
}

/** Contrasts that are too low, for each colour that the layer at `path` sets. */
export function contrastProblems(theme: Theme, layer: ThemeSettings, path: string): readonly Problem[] {
  const schemes = [
    { palette: theme.light, set: layer, at: path },
    { palette: theme.dark, set: layer.dark ?? {}, at: `${path}.dark` },
  ] as const;
  return schemes.flatMap(({ palette, set, at }) =>
    (["text", "muted", "accent"] as const).flatMap((colour) => {
      const contrast = wcagContrast(palette[colour], palette.surface);
      if ((set[colour] ?? set.surface) === undefined || contrast >= MIN_CONTRAST) return [];
      const path = `${at}.${set[colour] === undefined ? "surface" : colour}`;
      const found = set[colour] ?? set.surface;
      const pair = `a contrast of ${MIN_CONTRAST}:1 or more between ${colour} and surface (WCAG AA)`;
      return [
        {
          path,
          found,
          allowed: `${pair}; ${palette[colour]} on ${palette.surface} has ${contrast.toFixed(1)}:1`,
          nearest: set[colour] === undefined ? undefined : readable(palette[colour], palette.surface),
        },
      ];
    }),
  );
}

/** The design tokens as CSS custom properties. */
export function themeStyle({ light, dark, font, radius }: Theme): string {
  const properties = (values: object) =>
    Object.entries(values)
      .map(([name, value]) => `--${name}:${value}`)
      .join(";");
  return `:root{color-scheme:light dark;${properties({ ...light, font, radius })}}
@media screen and (prefers-color-scheme:dark){:root{${properties(dark)}}}
`;
}

const toOklch = converter("oklch");

/** A colour of the same hue that can be read on the surface: the nearest in lightness, or else black or white. */
function readable(colour: string, surface: string): string {
  const own = toOklch(colour);
  const darker = (toOklch(surface)?.l ?? 1) > 0.6;
  for (let steps = 0; own !== undefined && steps <= 100; steps += 1) {
    const shade = formatHex({ ...own, l: own.l + (darker ? -0.01 : 0.01) * steps });
    if (wcagContrast(shade, surface) >= MIN_CONTRAST) return shade;
  }
  return darker ? "#000000" : "#ffffff";
}

/** Converts CSS colours of any notation to six hexadecimal digits, which are safe in a style sheet. */
function hex(palette: { readonly [name: string]: string | undefined }): Partial<Palette> {
  return Object.fromEntries(
    Object.entries(palette).flatMap(([name, value]) => {
      const colour = value === undefined ? undefined : formatHex(parseColour(value));
      return colour === undefined ? [] : [[name, colour]];
    }),
  );
}
