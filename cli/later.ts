/**
 * Postpones something until the result of the command is printed. It must not throw: the exit code is decided by then.
 */
export type Later = (task: () => Promise<void>) => void;
