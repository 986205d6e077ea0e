import { MOST_BINDINGS, type Bound, type Work } from './batch.js';
import { bindingKey } from './contract.js';
import { mayBeOneOfMany } from './errorKinds.js';
import { toDynabindError, type DynabindError } from './errors.js';

/** Items by binding. A unit has all items with the same binding. */
function unitsOf<Item extends Bound>(items: readonly Item[]): Map<string, Item[]> {
  const units = new Map<string, Item[]>();
  for (const item of items) {
    const key = bindingKey(item.binding);
    units.set(key, [...(units.get(key) ?? []), item]);
  }
  return units;
}

/**
 * Sends bindings in as few requests as the service allows. `apart` has the bindings that need separate requests. `error` is
 * set if a first request with all bindings was refused.
 */
export async function sendTogether<Item extends Bound>(
  apart: Set<string>,
  items: readonly Item[],
  work: Work<Item>,
  error?: DynabindError,
): Promise<void> {
  const units = unitsOf(items);
  if (error) return sendInParts(apart, [...units.values()], error, work);
  const groups: Item[][][] = [];
  const together: Item[][] = [];
  for (const [key, unit] of units) apart.has(key) ? groups.push([unit]) : together.push(unit);
  for (let at = 0; at < together.length; at += MOST_BINDINGS) groups.push(together.slice(at, at + MOST_BINDINGS));
  await Promise.all(groups.map((group) => send(apart, group, work)));
}

async function send<Item extends Bound>(apart: Set<string>, units: Item[][], work: Work<Item>): Promise<void> {
  const bindings = units.map(([item]) => (item as Item).binding);
  try {
    await work.request(bindings, units.flat());
  } catch (cause) {
    await sendInParts(apart, units, toDynabindError(cause), work);
  }
}

/** Continues after a refusal, because one refused binding must not affect the other reports. */
async function sendInParts<Item extends Bound>(
  apart: Set<string>,
  units: Item[][],
  error: DynabindError,
  work: Work<Item>,
): Promise<void> {
  if (units.length === 1 || !mayBeOneOfMany(error)) return work.refuse(units.flat(), error);
  await Promise.all(partsOf(apart, units, error, work).map((part) => send(apart, part, work)));
}

function partsOf<Item extends Bound>(
  apart: Set<string>,
  units: Item[][],
  error: DynabindError,
  work: Work<Item>,
): Item[][][] {
  const isNamed = (at: number) => error.errors?.some(({ pointer }) => `${pointer}/`.startsWith(`/bindings/${at}/`));
  const named = units.filter((_, at) => isNamed(at));
  if (named.length === 0) {
    const middle = Math.ceil(units.length / 2);
    return [units.slice(0, middle), units.slice(middle)];
  }
  const rest = units.filter((unit) => !named.includes(unit));
  const others = rest.length > 0 ? [rest] : [];
  if (error.code !== 'bindings-conflict') {
    work.refuse(named.flat(), error);
    return others;
  }
  for (const [item] of named) apart.add(bindingKey((item as Item).binding));
  return [...named.map((unit) => [unit]), ...others];
}
