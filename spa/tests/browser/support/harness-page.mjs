import * as powerbiClient from 'powerbi-client';
import * as powerbiModels from 'powerbi-models';
import * as client from '@dynabind/client';

let ahead = 0;
let lifetime;
let lifetimes = 0;

const clock = {
  now: () => Date.now() + ahead,
  setTimeout: (callback, milliseconds) => setTimeout(callback, milliseconds),
  clearTimeout: (timer) => clearTimeout(timer),
};

/** Another lifetime needs another token, so the service cannot answer from its cache. */
function withLifetime(init) {
  if (!init?.body || lifetime === undefined) return init;
  return { ...init, body: JSON.stringify({ ...JSON.parse(init.body), lifetimeMinutes: lifetime }) };
}

window.harness = {
  ...client,
  models: powerbiModels,
  powerbiClient,
  configs: [],
  keepsConfigs: true,
  handles: [],
  errors: [],
  events: [],
  /** From now on, the page gets new tokens. The requested lifetime is so long that it does not shorten them. */
  pastTheCache() {
    lifetime = window.firstLifetime + lifetimes++;
  },
  /** Simulates a sleep of the computer: time passes, and no timer fires. */
  sleep(milliseconds) {
    ahead += milliseconds;
    window.dispatchEvent(new Event('focus'));
  },
  signIn(user, options) {
    window.harness.dynabind = client.createDynabind({
      apiUrl: location.origin,
      getAccessToken: async () => (await (await fetch(`/dev/token?user=${user}`)).text()).trim(),
      fetch: async (input, init) => {
        const response = await fetch(input, withLifetime(init));
        if (String(input).endsWith('/config') && response.ok && window.harness.keepsConfigs) {
          window.harness.configs.push(...((await response.clone().json()).configs ?? []));
        }
        return response;
      },
      clock,
      ...options,
    });
  },
  embed(n, options) {
    const { handles, errors, events, dynabind } = window.harness;
    const handle = dynabind.embed(document.getElementById(`r${n}`), options);
    handles[n] = handle;
    for (const name of ['loaded', 'rendered', 'tokenRefreshed']) handle.on(name, () => events.push(name));
    handle.on('error', ({ code, status, message, remedy, detail }) => errors.push({ code, status, message, remedy, detail }));
    return handle;
  },
};
