import { wcagContrast } from "culori";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COLOURS, contrastProblems, themeOf, themeSchema, themeStyle } from "./theme";

const shared = themeOf();

describe("the shared theme", () => {
  it("has enough contrast, in light and in dark mode", () => {
    for (const { surface, background, text, muted, accent } of [shared.light, shared.dark]) {
      for (const colour of [text, muted, accent]) {
        expect(wcagContrast(colour, surface)).toBeGreaterThanOrEqual(4.5);
        expect(wcagContrast(colour, background)).toBeGreaterThanOrEqual(4.5);
      }
    }
  });
});

describe("a theme", () => {
  it("is the shared theme, changed by the layers; the last one wins", () => {
    const theme = themeOf(
      { accent: "rgb(0 0 128)", radius: "0" },
      { accent: "#8a1f4d", dark: { text: "white" } },
      undefined,
    );
    expect(theme.light).toStrictEqual({ ...shared.light, accent: "#8a1f4d" });
    expect(theme).toMatchObject({ radius: "0", font: shared.font, dark: { text: "#ffffff" } });
  });

  it("has the same accent hue in dark mode, light enough to read", () => {
    const { light, dark } = themeOf({ accent: "#8a1f4d" });
    expect(wcagContrast(light.accent, dark.surface)).toBeLessThan(4.5);
    expect(wcagContrast(dark.accent, dark.surface)).toBeGreaterThanOrEqual(4.5);
    expect(themeOf({ accent: "#8a1f4d", dark: { accent: "#f9c" } }).dark.accent).toBe("#ff99cc");
  });

  it("is rejected when a contrast is too low, with the nearest readable colour", () => {
    const layer = { accent: "#ffcc00", dark: { text: "#333" } };
    expect(contrastProblems(themeOf(layer), layer, "theme")).toStrictEqual([
      {
        path: "theme.accent",
        found: "#ffcc00",
        allowed: "a contrast of 4.5:1 or more between accent and surface (WCAG AA); #ffcc00 on #ffffff has 1.5:1",
        nearest: expect.stringMatching(/^#[0-9a-f]{6}$/),
      },
      {
        path: "theme.dark.text",
        found: "#333",
        allowed: expect.stringContaining("between text and surface"),
        nearest: expect.stringMatching(/^#[0-9a-f]{6}$/),
      },
    ]);
  });

  it("that changes only the surface is checked against the shared colours", () => {
    const layer = { surface: "#1f5fbf" };
    expect(contrastProblems(themeOf(layer), layer, "theme").map(({ path }) => path)).toStrictEqual([
      "theme.surface",
      "theme.surface",
      "theme.surface",
    ]);
  });

  it("always has a nearest colour that passes", () => {
    const colour = fc.integer({ min: 0, max: 0xffffff }).map((value) => `#${value.toString(16).padStart(6, "0")}`);
    fc.assert(
      fc.property(colour, colour, (accent, text) => {
        const layer = { accent, text };
        const nearest = contrastProblems(themeOf(layer), layer, "theme").map((problem) => [
          problem.path.replace("theme.", ""),
          problem.nearest,
        ]);
        const mended = { ...layer, ...Object.fromEntries(nearest) };
        expect(contrastProblems(themeOf(mended), mended, "theme")).toStrictEqual([]);
        expect(wcagContrast(themeOf(layer).dark.accent, shared.dark.surface)).toBeGreaterThanOrEqual(4.5);
      }),
    );
  });

  it.each(COLOURS)("puts only a colour into the style sheet (%s)", (name) => {
    for (const value of [
      "red;}body{display:none",
      "url(https://x.example)",
      "var(--x)",
      "#12345678",
      "</style>",
      "transparent",
    ]) {
      expect(themeSchema.safeParse({ [name]: value }).success).toBe(false);
    }
    expect(themeSchema.safeParse({ [name]: "oklch(0.5 0.1 200)" }).success).toBe(true);
  });

  it.each(["x;}", "</style>", "url(x)", "a\\b", "{", '"Noto Sans', "a, 'b", `"a'`, "a,", 'a "b"', ""])(
    "puts only a font into the style sheet: %s",
    (font) => {
      expect(themeSchema.safeParse({ font }).success).toBe(false);
    },
  );

  it("becomes custom properties", () => {
    expect(themeStyle(shared)).toContain(":root{color-scheme:light dark;--accent:#1f5fbf;");
    expect(themeStyle(shared)).toContain("@media screen and (prefers-color-scheme:dark){:root{--accent:#7fb2ff;");
  });
});
