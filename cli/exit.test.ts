import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

const SCRIPT = `
  setInterval(() => {}, 1000);
  process.stdout.write("x".repeat(1_000_000));
  process.stderr.write("y".repeat(1_000_000));
  require(${JSON.stringify(join(__dirname, "exit.js"))}).exitWith(3);
`;

it("ends a process in which something is still going on, and loses nothing of what it wrote", async () => {
  const child = spawn(process.execPath, ["--eval", SCRIPT], { stdio: ["ignore", "pipe", "pipe"] });
  const lengths = { stdout: 0, stderr: 0 };
  child.stdout.on("data", (chunk: Buffer) => {
    lengths.stdout += chunk.length;
  });
  child.stderr.on("data", (chunk: Buffer) => {
    lengths.stderr += chunk.length;
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  expect([code, lengths]).toStrictEqual([3, { stdout: 1_000_000, stderr: 1_000_000 }]);
});

it("ends a process of which nobody reads the output any more", async () => {
  const child = spawn(process.execPath, ["--eval", SCRIPT], { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.destroy();
  child.stderr.destroy();
  expect(await new Promise((resolve) => child.on("close", (code) => resolve(code !== null)))).toBe(true);
});
