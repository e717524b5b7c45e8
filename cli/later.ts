/**
 * Puts something off until a person has read how the command ended. It must not throw: the exit code is decided by then.
 */
export type Later = (task: () => Promise<void>) => void;
