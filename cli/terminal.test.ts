import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { terminalOf } from "./terminal";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** What is written while something takes some seconds, with a line that is said after two. */
async function written(isTTY: boolean, seconds: number, json = false): Promise<string> {
  let text = "";
  const terminal = terminalOf({ json, yes: true }, { isTTY, write: (more: string) => (text += more) });
  const work = new Promise<void>((done) => setTimeout(done, seconds * 1000));
  setTimeout(() => terminal.say("  a line"), 2500);
  const result = terminal.during("Previewing", work);
  await vi.advanceTimersByTimeAsync(seconds * 1000);
  await result;
  terminal.say("after it");
  return text;
}

it("one line changes on a terminal, below all others", async () => {
  const text = await written(true, 3.5);
  // As a terminal shows it: what was cleared is gone.
  const shown = text.split("\n").map((line) => line.split("\r\u001b[K").at(-1));
  expect(shown).toStrictEqual(["  a line", "Previewing … 3 s", "after it", ""]);
  expect(text).toContain("Previewing … 1 s");
});

it("elsewhere there is a line every ten seconds", async () => {
  expect(await written(false, 21)).toBe("Previewing …\n  a line\n  … for 10 s\n  … for 20 s\nafter it\n");
});

it("nothing is said when the output is for a program", async () => {
  expect(await written(true, 21, true)).toBe("");
});
