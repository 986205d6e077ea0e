import { MOST_BINDINGS, unitsOf, type Bound, type Work } from './batch.js';
import { bindingKey } from './contract.js';
import { mayBeOneOfMany } from './errorKinds.js';
import { toDynabindError, type DynabindError } from './errors.js';

/** Sends bindings in as few requests as the service allows. `apart` are those that need a request of their own. */
export async function sendTogether<Item extends Bound>(
  apart: Set<string>,
  items: readonly Item[],
  work: Work<Item>,
): Promise<void> {
  const units = unitsOf(items);
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

/** Continues after a refusal: one binding that is refused must not affect the other reports. */
export async function sendInParts<Item extends Bound>(
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
