import { bindingKey, type Binding } from './contract.js';
import { mayBeOneOfMany, toDynabindError, type DynabindError } from './errors.js';

/** As many bindings as the service takes in one request. */
const MOST_BINDINGS = 50;

interface Bound {
  readonly binding: Binding;
}

interface Work<Item> {
  /** Sends one request; rejects if the service refuses it. */
  request(bindings: Binding[], items: Item[]): Promise<void>;
  /** These items get no answer. */
  refuse(items: Item[], error: DynabindError): void;
}

/** Sends bindings in as few requests as the service allows, and remembers which ones need a request of their own. */
export class Sharing {
  readonly #apart = new Set<string>();

  async send<Item extends Bound>(items: readonly Item[], work: Work<Item>): Promise<void> {
    const units = new Map<string, Item[]>();
    for (const item of items) {
      const key = bindingKey(item.binding);
      units.set(key, [...(units.get(key) ?? []), item]);
    }
    const isApart = ([key]: [string, Item[]]) => this.#apart.has(key);
    const groups = [...units].filter(isApart).map(([, unit]) => [unit]);
    const together = [...units].filter((entry) => !isApart(entry)).map(([, unit]) => unit);
    for (let at = 0; at < together.length; at += MOST_BINDINGS) groups.push(together.slice(at, at + MOST_BINDINGS));
    await Promise.all(groups.map((group) => this.#try(group, work)));
  }

  /** Each unit is one binding, and all items that want it. */
  async #try<Item extends Bound>(units: Item[][], work: Work<Item>): Promise<void> {
    const bindings = units.map(([item]) => (item as Item).binding);
    try {
      await work.request(bindings, units.flat());
    } catch (cause) {
      const error = toDynabindError(cause);
      if (units.length === 1 || !mayBeOneOfMany(error)) return work.refuse(units.flat(), error);
      await Promise.all(this.#parts(units, error, work).map((part) => this.#try(part, work)));
    }
  }

  /** One binding that is refused, or that cannot share a token, must not take the other reports with it. */
  #parts<Item extends Bound>(units: Item[][], error: DynabindError, work: Work<Item>): Item[][][] {
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
    for (const [item] of named) this.#apart.add(bindingKey((item as Item).binding));
    return [...named.map((unit) => [unit]), ...others];
  }
}
