import type { Catalog } from './catalog.js';
import type { JumpingClock } from './clock.js';
import { expireEmbedTokens, throttlePowerBi } from './devstack.js';
import { at, h } from './dom.js';
import { log } from './log.js';
import type { Recorder } from './recorder.js';
import type { Stage } from './stage.js';

interface Parts {
  stage: Stage;
  catalog: Catalog;
  recorder: Recorder;
  clock: JumpingClock;
  /** Signs the same person in again, which asks for a new config. */
  restart(): void;
}

interface FaultButton {
  name: string;
  about: string;
  run(): void | Promise<void>;
}

/** A minute more than the hour that a fresh token can live. */
const OVER_AN_HOUR = 61 * 60_000;
/** Granted to one of the two demo tenants each; for the other, it does not exist. */
const FOREIGN = ['fabrikam-sales', 'contoso-sales'];

export function showFaults(parts: Parts): void {
  const items = buttons(parts).map(({ name, about, run }, index) => {
    const button = h('button', { type: 'button', 'aria-describedby': `fault-${index}` }, name);
    button.addEventListener('click', () => {
      log(name);
      void Promise.resolve(run()).catch((cause: unknown) => log(String(cause), 'error'));
    });
    return h('li', {}, button, h('small', { id: `fault-${index}` }, about));
  });
  at('faults').replaceChildren(h('ul', { class: 'faults' }, ...items));
}

export function enableFaults(enabled: boolean): void {
  for (const button of at('faults').querySelectorAll('button')) button.disabled = !enabled;
}

function buttons({ stage, catalog, recorder, clock, restart }: Parts): FaultButton[] {
  let lifetime = 60;
  const pastTheCache = () => (recorder.lifetimeMinutes = lifetime--);
  return [
    {
      name: 'Throttle Power BI',
      about: 'Power BI refuses four tokens in a row. The service, then the page, waits and tries again.',
      async run() {
        await throttlePowerBi();
        pastTheCache();
        restart();
      },
    },
    {
      name: 'Let the token run out',
      about: 'The report finds its token expired. The page renews it and reloads the report once.',
      async run() {
        await expireEmbedTokens();
        pastTheCache();
        await (stage.handle?.report as { refresh?(): Promise<void> } | undefined)?.refresh?.();
      },
    },
    {
      name: 'Sleep for an hour',
      about: 'The computer wakes up after the token’s end. The page notices, renews, and reloads once.',
      run: () => clock.sleepFor(OVER_AN_HOUR),
    },
    {
      name: 'Renew the token',
      about: 'As happens by itself before the end: the report and its page stay as they are.',
      run: () => stage.handle?.refresh(),
    },
    {
      name: 'Ask for someone else’s data',
      about: 'A dataset of the other company: refused, and nothing of the old data stays on the screen.',
      run() {
        const own = new Set(catalog.datasets.map(({ dataset }) => dataset));
        stage.switch(FOREIGN.find((dataset) => !own.has(dataset)) ?? 'nobody-elses');
      },
    },
    {
      name: 'Switch twenty times',
      about: 'As fast as the page can. The last switch wins.',
      run() {
        const usable = catalog.datasets.filter(({ bindable }) => bindable);
        for (let n = 0; n < 20; n++) stage.switch(usable[n % usable.length]?.dataset ?? '');
      },
    },
  ];
}
