import type { Api } from './api.js';
import { sleep } from './clock.js';
import type { Timings } from './handle.js';
import { tokenFromPage } from './signIn.js';

/** One entry of `POST /timings`: no token, filter, user name, dataset or address. */
type Entry = { report: string } & Required<Pick<Timings, 'outcome'>> & Pick<Timings, 'configMs' | 'loadedMs' | 'renderedMs'>;

const PAUSE = 10_000;
const MOST_ENTRIES = 50;
const LONGEST_BODY = 8_192;
const LONGEST_TIME = 600_000;

/** Entries that wait to be sent, by the signal that the caller's sign-out aborts. */
const queues = new WeakMap<AbortSignal, Entry[]>();

/** Sends the times of an embed within ten seconds, or when the page is left. A failure is ignored. */
export async function sendTimings(api: Api, timings: Timings, signal: AbortSignal): Promise<void> {
  const entry = entryOf(timings);
  if (!entry || signal.aborted) return;
  const waiting = queues.get(signal);
  if (waiting) return void waiting.push(entry);
  const entries = [entry];
  queues.set(signal, entries);
  try {
    const { getAccessToken, clock } = api.options;
    while (entries.length > 0) {
      // Requested now, because there is no time for that on `pagehide`.
      const token = await tokenFromPage(api.options, 'getAccessToken', () => getAccessToken({ forceRefresh: false }), signal);
      const flush = () => {
        if (entries.length > 0 && !signal.aborted) void post(api, token, entries.splice(0, fitting(entries)));
      };
      addEventListener('pagehide', flush);
      await sleep(clock, PAUSE, signal).finally(() => removeEventListener('pagehide', flush));
      flush();
    }
  } catch {
    // Times are not worth an error.
  }
  queues.delete(signal);
}

function entryOf({ binding: { report, mode }, outcome, configMs, loadedMs, renderedMs }: Timings): Entry | undefined {
  if (!report || mode === 'create' || !outcome) return undefined;
  const entry: Entry = { report, outcome };
  for (const [name, value] of Object.entries({ configMs, loadedMs, renderedMs })) {
    if (value !== undefined) entry[name as 'configMs'] = Math.min(value, LONGEST_TIME);
  }
  return entry;
}

/** The number of entries that fit into one request. */
function fitting(entries: readonly Entry[]): number {
  let count = Math.min(entries.length, MOST_ENTRIES);
  while (count > 1 && new TextEncoder().encode(JSON.stringify({ timings: entries.slice(0, count) })).length > LONGEST_BODY) count--;
  return count;
}

async function post(api: Api, token: string, timings: Entry[]): Promise<void> {
  try {
    await api.send('/timings', token, { timings }, { keepalive: true });
  } catch {
    // Times are not worth an error or a retry.
  }
}
