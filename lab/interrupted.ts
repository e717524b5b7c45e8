/** Aborted by Ctrl-C, or when the terminal goes: whoever has started something ends it and removes it first. */
export function whenInterrupted(): AbortSignal {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupted.abort());
  return interrupted.signal;
}
