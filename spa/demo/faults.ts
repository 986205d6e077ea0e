import type { JumpingClock } from './clock.js';
import { expireEmbedTokens, throttlePowerBi } from './devstack.js';
import { at, h } from './dom.js';
import { log } from './log.js';
import type { Panel } from './panel.js';

interface FaultButton {
  name: string;
  about: string;
  run(panel: Panel): void | Promise<void>;
}

/** A minute longer than a fresh token can live. */
const OVER_AN_HOUR = 61 * 60_000;
/** Each dataset is granted to one of the two tenants. For the other tenant, it does not exist. */
const FOREIGN = ['fabrikam-sales', 'contoso-sales'];

/** Shows the buttons. They act on one of the reports. */
export function showFaults(panels: readonly Panel[], names: readonly string[], clock: JumpingClock): void {
  const choice = h('select', { id: 'fault-panel' }, ...panels.map((_, at) => h('option', { value: String(at) }, names[at] ?? '')));
  const items = buttons(clock).map(({ name, about, run }, index) => {
    const button = h('button', { type: 'button', 'aria-describedby': `fault-${index}` }, name);
    button.addEventListener('click', () => {
      const panel = panels[Number(choice.value)];
      if (!panel) return;
      log(panel.tenant, name);
      void Promise.resolve(run(panel)).catch((cause: unknown) => log(panel.tenant, String(cause), 'error'));
    });
    return h('li', {}, button, h('small', { id: `fault-${index}` }, about));
  });
  const update = () => enableFaults(panels[Number(choice.value)]?.handle !== undefined);
  choice.addEventListener('change', update);
  at('faults').replaceChildren(
    h('div', { class: 'field' }, h('label', { for: 'fault-panel' }, 'Where'), choice),
    h('p', { class: 'empty', id: 'faults-off' }, 'Choose a person first.'),
    h('ul', { class: 'faults' }, ...items),
  );
  update();
}

export function updateFaults(): void {
  document.getElementById('fault-panel')?.dispatchEvent(new Event('change'));
}

function enableFaults(enabled: boolean): void {
  at('faults-off').hidden = enabled;
  for (const button of at('faults').querySelectorAll('button')) button.disabled = !enabled;
}

function buttons(clock: JumpingClock): FaultButton[] {
  let lifetime = 60;
  const pastTheCache = ({ recorder }: Panel) => (recorder.lifetimeMinutes = lifetime--);
  return [
    {
      name: 'Throttle Power BI',
      about: 'Power BI refuses four token requests in a row. First the service, then the page, waits and tries again.',
      async run(panel) {
        await throttlePowerBi();
        pastTheCache(panel);
        panel.restart();
      },
    },
    {
      name: 'Let the token expire',
      about: 'The report notices that its token has expired. The page renews the token and reloads the report once.',
      async run(panel) {
        await expireEmbedTokens();
        pastTheCache(panel);
        await panel.handle?.report?.refresh();
      },
    },
    {
      name: 'Sleep for an hour',
      about: 'The computer wakes up after the token has expired. The page renews the token, and the view stays.',
      run(panel) {
        pastTheCache(panel);
        clock.sleepFor(OVER_AN_HOUR);
      },
    },
    {
      name: 'Renew the token',
      about: 'Normally, the page does this before the token expires. The report and its page stay as they are.',
      run: ({ handle }) => handle?.refresh(),
    },
    {
      name: 'Ask for someone else’s data',
      about: 'The service refuses a dataset of the other company. The old data is removed from the screen.',
      run(panel) {
        const own = new Set(panel.choices.datasets.map(({ dataset }) => dataset));
        panel.switch(FOREIGN.find((dataset) => !own.has(dataset)) ?? 'nobody-elses');
      },
    },
    {
      name: 'Switch twenty times',
      about: 'The page switches the data as fast as it can. The last switch takes effect.',
      run(panel) {
        const usable = panel.choices.datasets.filter(({ bindable }) => bindable);
        for (let n = 0; n < 20; n++) panel.switch(usable[n % usable.length]?.dataset ?? '');
      },
    },
  ];
}
