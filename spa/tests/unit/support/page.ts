import { afterEach, beforeEach, vi } from 'vitest';
import { createDynabind, type Dynabind, type DynabindError, type DynabindOptions, type Handle } from '@dynabind/client';
import { FakeApi } from './fakeApi.js';
import { FakePowerBi, type FakeEmbed } from './fakePowerBi.js';

export const MINUTE = 60_000;

export interface TestPage {
  api: FakeApi;
  powerbi: FakePowerBi;
  dynabind: Dynabind;
  element(): HTMLElement;
  client(options?: Partial<DynabindOptions>): Dynabind;
}

/** A page with a fake service and a fake powerbi-client. Only the test moves its time. */
export function usePage(): TestPage {
  const page = {} as TestPage;
  beforeEach(() => {
    vi.useFakeTimers({ now: new Date('2026-11-24T03:00:00Z') });
    document.body.replaceChildren();
    page.api = new FakeApi();
    page.powerbi = new FakePowerBi();
    page.client = (options = {}) =>
      createDynabind({
        apiUrl: 'https://api.example.com/',
        getAccessToken: () => 'caller-token',
        fetch: page.api.fetch,
        powerbi: page.powerbi.asService(),
        ...options,
      });
    page.dynabind = page.client();
    page.element = () => document.body.appendChild(document.createElement('div'));
  });
  afterEach(() => {
    page.dynabind.dispose();
    vi.useRealTimers();
  });
  return page;
}

/** Moves the time. A running import takes none of this time, however slow the machine is. */
export async function pass(milliseconds: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
  await vi.dynamicImportSettled();
  await vi.advanceTimersByTimeAsync(milliseconds);
}

/** Lets the config arrive and the iframe load. The report is then shown. */
export async function show(page: TestPage, element: HTMLElement): Promise<FakeEmbed> {
  await pass(0);
  await pass(150);
  const embed = page.powerbi.on(element);
  embed.iframeReady();
  await pass(0);
  embed.emit('loaded');
  embed.emit('rendered');
  return embed;
}

/** Simulates a sleep of the computer: time passes, and no timer fires until it wakes up. */
export async function sleepFor(milliseconds: number): Promise<void> {
  vi.setSystemTime(Date.now() + milliseconds);
  window.dispatchEvent(new Event('focus'));
  await pass(0);
}

export function errorsOf(handle: Handle): DynabindError[] {
  const errors: DynabindError[] = [];
  handle.on('error', (error) => errors.push(error));
  return errors;
}
