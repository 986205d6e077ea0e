import { createDynabind, DynabindError, type DatasetList, type Dynabind } from '@dynabind/client';
import { Catalog } from './catalog.js';
import { JumpingClock } from './clock.js';
import { callerToken, people, type Person } from './devstack.js';
import { at, h } from './dom.js';
import { enableFaults, showFaults } from './faults.js';
import { Granted } from './granted.js';
import { log } from './log.js';
import { forgetChoice, showPeople } from './people.js';
import { Recorder } from './recorder.js';
import { Stage } from './stage.js';

const clock = new JumpingClock();
const granted = new Granted(clock);
const recorder = new Recorder(
  ({ method, path, status, milliseconds }) => log(`${method} ${path} → ${status} in ${milliseconds} ms`, 'call'),
  (grant) => void granted.take(grant),
);
let person: Person | undefined;
let dynabind: Dynabind | undefined;

const catalog: Catalog = new Catalog((choice) => dynabind && stage.show(dynabind, choice));
const stage = new Stage(catalog, (handle) => {
  granted.show(handle);
  enableFaults(handle !== undefined);
});

async function signIn(chosen: Person): Promise<void> {
  signOut();
  person = chosen;
  at('sign-out').hidden = false;
  stage.leave(`Looking up what ${chosen.displayName} may see…`);
  const client = createDynabind({
    apiUrl: location.origin,
    getAccessToken: () => callerToken(chosen.name),
    fetch: recorder.fetch,
    clock,
  });
  dynabind = client;
  try {
    const list = await listFor(client);
    if (dynabind !== client) return;
    const isEmpty = list.reports.length === 0;
    stage.leave(isEmpty ? `Nothing has been granted to ${chosen.displayName}.` : 'Choose what to see.');
    catalog.show(list);
  } catch (cause) {
    if (dynabind === client && cause instanceof DynabindError) stage.fail(cause);
  }
}

/** A caller of a tenant that the service does not know is refused the list; to a person that is an empty one. */
async function listFor(client: Dynabind): Promise<DatasetList> {
  try {
    return await client.datasets();
  } catch (cause) {
    if (cause instanceof DynabindError && cause.code === 'not-entitled') return { reports: [], datasets: [] };
    throw cause;
  }
}

function signOut(): void {
  dynabind?.dispose();
  dynabind = undefined;
  person = undefined;
  catalog.hide();
  at('sign-out').hidden = true;
  stage.leave('Choose who you are.');
}

async function start(): Promise<void> {
  showFaults({ stage, catalog, recorder, clock, restart: () => person && void signIn(person) });
  enableFaults(false);
  at('sign-out').addEventListener('click', () => {
    signOut();
    forgetChoice();
    log('signed out');
  });
  try {
    showPeople(await people(), (chosen) => void signIn(chosen));
  } catch {
    at('people').replaceChildren(
      h('p', { class: 'problem' }, 'The local stack does not answer. Start it with ', h('code', {}, 'make dev'), '.'),
    );
  }
}

void start();
