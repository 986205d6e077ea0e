import { JumpingClock } from './clock.js';
import { people } from './devstack.js';
import { at, h } from './dom.js';
import { showFaults, updateFaults } from './faults.js';
import { Panel } from './panel.js';

/** The first callers: two tenants with the same report. */
const FIRST = ['ana@contoso', 'frida@fabrikam'];
const SIDES = ['Left report', 'Right report'];

async function start(): Promise<void> {
  const clock = new JumpingClock();
  try {
    const all = await people();
    const panels = FIRST.map((_, index) => new Panel(`panel-${index}`, SIDES[index] ?? '', all, clock, updateFaults));
    at('panels').replaceChildren(...panels.map(({ element }) => element));
    showFaults(panels, SIDES, clock);
    FIRST.forEach((name, index) => void panels[index]?.signIn(name));
  } catch {
    const text = ['The local stack does not answer. Start it with ', h('code', {}, 'make dev'), ' and reload this page.'];
    at('panels').replaceChildren(h('p', { class: 'card problem', role: 'alert' }, ...text));
  }
}

void start();
