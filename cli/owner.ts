import { listed, nearest, problemText } from "../model/problems";
import { stackFileNameOf } from "../settings/stack-file";
import { backendText } from "./engine";
import { CommandError } from "./errors";
import { visibleLine } from "./visible";

// Finds the stack that owns the named instances. A wrong guess would put a site of another cluster into maintenance, so nothing is guessed:
// the selected stack does not count, and a stack whose file can't be read may be the owner.

/** A stack of the folder, as its file describes it. */
export interface StackNames {
  readonly stack: string;
  /** The names of its instances, as far as they are known. */
  readonly names: ReadonlySet<string>;
  /** Why it may have other instances: its file, or a file that it refers to, can't be read. */
  readonly unread: string | undefined;
}

/** The stacks that Pulumi lists, by name; or the reason why it lists none. */
export type BackendStacks = ReadonlyMap<string, BackendStack> | { readonly unknown: string };

export interface BackendStack {
  readonly isSelected: boolean;
  /** Whether it has resources. */
  readonly isApplied: boolean;
}

/** The stack that owns the named instances. */
export interface Owner {
  readonly stack: string;
  /** Why other stacks with these instances do not count, in sentences. */
  readonly notes: readonly string[];
}

/**
 * The one stack that owns all of these instances; `undefined` when the files alone do not decide it.
 *
 * @throws {CommandError} when no stack has one of the instances.
 */
export function ownerByFiles(
  instances: readonly string[],
  stacks: readonly StackNames[],
  hints: readonly string[] = [],
): string | undefined {
  refuseUnowned(instances, stacks, hints);
  return onlyOwner(instances, stacks)?.stack;
}

/**
 * The one stack that owns all of these instances, where several files name them, or one can't be read. A file does not count if its stack was
 * never applied and another stack with the instance was.
 *
 * @param hostsOf the hosts of an instance of a stack, as far as they are known.
 * @throws {CommandError} with the list of stacks when more than one may own the instances.
 */
export function ownerInBackend(
  instances: readonly string[],
  stacks: readonly StackNames[],
  backend: BackendStacks,
  hostsOf: (stack: string, instance: string) => readonly string[],
): Owner {
  const counted = countedAmong(instances, stacks, backend);
  if (counted === undefined) throw neverApplied(instances, stacks);
  const notes = notesOn(instances, without(counted, stacks), backend);
  const owner = onlyOwner(instances, counted);
  if (owner !== undefined) return { stack: owner.stack, notes };
  const unknown = "unknown" in backend ? [`Pulumi does not say which of these stacks exist: ${backend.unknown}`] : [];
  throw refusal([
    `Nothing was changed: ${reasonFor(instances, counted)}`,
    ...rowsOf(instances, counted, backend, hostsOf),
    ...unreadAmong(counted).map(unreadText),
    ...notes,
    ...unknown,
  ]);
}

/** The one stack that has the instances; `undefined` when another has one of them, or may have it. */
function onlyOwner(instances: readonly string[], stacks: readonly StackNames[]): StackNames | undefined {
  const [owner, ...others] = ownersOf(instances, stacks);
  return others.length === 0 && unreadAmong(stacks).every((one) => one === owner) ? owner : undefined;
}

function unreadAmong(stacks: readonly StackNames[]): readonly StackNames[] {
  return stacks.filter(({ unread }) => unread !== undefined);
}

/** A refusal in lines, which have texts of files. */
function refusal(lines: readonly string[]): CommandError {
  return new CommandError(lines.map(visibleLine).join("\n"));
}

/** The owners in a table: what to type for each, and its hosts. */
function rowsOf(
  instances: readonly string[],
  stacks: readonly StackNames[],
  backend: BackendStacks,
  hostsOf: (stack: string, instance: string) => readonly string[],
): readonly string[] {
  const owners = ownersOf(instances, stacks);
  const width = Math.max(...owners.map(({ stack }) => stack.length));
  return owners.map(({ stack, names }) => {
    const owned = instances.filter((name) => names.has(name)).map((name) => withHosts(name, hostsOf(stack, name)));
    const tag = !("unknown" in backend) && backend.get(stack)?.isSelected ? "  (selected)" : "";
    return `  --stack ${stack.padEnd(width)}  ${owned.join("; ")}${tag}`;
  });
}

function reasonFor(instances: readonly string[], stacks: readonly StackNames[]): string {
  const shared = instances.filter((name) => ownersOf([name], stacks).length > 1);
  if (shared.length > 0) return `more than one stack has ${listed(shared)}. Name the stack that you mean:`;
  if (ownersOf(instances, stacks).length > 1)
    return "these instances are of different stacks. Type one command for each stack:";
  return `a stack's file can't be read, so another stack may have ${listed(instances)}, too. Name the stack that you mean:`;
}

/** The stacks that count: those that were applied, as long as every instance is of one of them; otherwise those that exist. */
function countedAmong(
  instances: readonly string[],
  stacks: readonly StackNames[],
  backend: BackendStacks,
): readonly StackNames[] | undefined {
  if ("unknown" in backend) return stacks;
  const applied = stacks.filter(({ stack }) => backend.get(stack)?.isApplied);
  const existing = stacks.filter(({ stack }) => backend.has(stack));
  return [applied, existing].find((some) => instances.every((name) => ownersOf([name], some).length > 0));
}

/** The stacks that have at least one of the instances. */
function ownersOf(instances: readonly string[], stacks: readonly StackNames[]): readonly StackNames[] {
  return stacks.filter(({ names }) => instances.some((name) => names.has(name)));
}

function without(some: readonly StackNames[], all: readonly StackNames[]): readonly StackNames[] {
  return all.filter((one) => !some.includes(one));
}

function withHosts(name: string, hosts: readonly string[]): string {
  return hosts.length === 0 ? name : `${name}: ${listed(hosts, 3)}`;
}

/** Why stacks do not count that have one of the instances, or may have it. */
function notesOn(
  instances: readonly string[],
  ignored: readonly StackNames[],
  backend: BackendStacks,
): readonly string[] {
  return ignored.flatMap((one) => {
    const named = instances.filter((name) => one.names.has(name));
    if (named.length === 0 && one.unread === undefined) return [];
    const what = named.length > 0 ? `has ${listed(named)}, too, but` : "can't be read, and";
    return [`Not meant: ${stackFileNameOf(one.stack)} ${what} ${unappliedText(one, backend)}.`];
  });
}

function unappliedText({ stack }: StackNames, backend: BackendStacks): string {
  return "unknown" in backend || backend.has(stack)
    ? `the stack ${stack} has no resources`
    : `there is no stack ${stack} in the backend ${backendText()}`;
}

function neverApplied(instances: readonly string[], stacks: readonly StackNames[]): CommandError {
  const files = ownersOf(instances, stacks).map(({ stack }) => stackFileNameOf(stack));
  return refusal([
    `Nothing was changed: no stack in the backend ${backendText()} is known to have ${listed(instances)}.`,
    `${listed(files)} ${files.length === 1 ? "names" : "name"} ${listed(instances)}, but a file alone is no stack: it was never applied there. \`pulumi stack ls\` lists the stacks; \`pulumi login\` changes the backend.`,
    ...unreadAmong(stacks).map(unreadText),
  ]);
}

/** @throws {CommandError} with the instances of all stacks, and the nearest one. */
function refuseUnowned(instances: readonly string[], stacks: readonly StackNames[], hints: readonly string[]): void {
  const unowned = instances.filter((name) => ownersOf([name], stacks).length === 0);
  if (unowned.length === 0) return;
  const problems = unowned.map((found) =>
    problemText({ path: "<instances>", found, allowed: allowedNames(stacks), nearest: nearestName(found, stacks) }),
  );
  const unread = unreadAmong(stacks).map((one) => visibleLine(unreadText(one)));
  throw new CommandError(
    ["Nothing was changed.", ...problems, ...(unread.length > 0 ? [unread.join("\n")] : []), ...hints].join("\n\n"),
  );
}

function allowedNames(stacks: readonly StackNames[]): string {
  const [only, ...others] = stacks;
  if (only === undefined)
    return "the name of an instance; there is no file of a stack here, such as Pulumi.mycluster.yaml";
  if (others.length === 0) return `the name of an instance: ${listed([...only.names])}`;
  const ofEach = stacks
    .filter(({ names, unread }) => names.size > 0 || unread === undefined)
    .map(({ stack, names }) => `${listed([...names])} of stack ${stack}`);
  return `the name of an instance: ${ofEach.join("; ")}`;
}

/** The nearest name of all stacks, with the stacks that have it. A distant name is not proposed: `all` is no misspelling of an instance. */
function nearestName(found: string, stacks: readonly StackNames[]): string | undefined {
  const names = stacks.flatMap((one) => [...one.names]);
  const meant = nearest(found, names, Math.floor(found.length / 2));
  if (meant === undefined || stacks.length === 1) return meant;
  return `${meant} of ${stacksText(ownersOf([meant], stacks))}`;
}

/** Stacks in a sentence. */
function stacksText(stacks: readonly StackNames[]): string {
  const names = stacks.map(({ stack }) => stack);
  return names.length === 1 ? `stack ${names[0]}` : `the stacks ${listed(names)}`;
}

/** Which other stacks have instances that the named stack does not have, in sentences. */
export function elsewhereNotes(instances: readonly string[], stacks: readonly StackNames[]): readonly string[] {
  return instances.flatMap((name) => {
    const owners = ownersOf([name], stacks);
    const options = owners.map(({ stack }) => `--stack ${stack}`).join(" or ");
    return owners.length === 0 ? [] : [`${name} is an instance of ${stacksText(owners)}: ${options}.`];
  });
}

function unreadText({ stack, unread = "" }: StackNames): string {
  return `${stackFileNameOf(stack)} may have other instances, too: ${unread}`;
}
