import { describe, expect, it, vi } from 'vitest';
import { describeProblem } from '@dynabind/client';
import { problem } from './support/fakeApi.js';
import { pass, usePage } from './support/page.js';

const page = usePage();

describe('problems', () => {
  it('become errors with a remedy', async () => {
    page.api.once(() =>
      problem('upstream-rejected', 502, {}, { upstreamRequestId: 'pbi-1', detail: 'Power BI wants an identity.' }),
    );
    await expect(page.dynabind.datasets()).rejects.toMatchObject({
      name: 'DynabindError',
      code: 'upstream-rejected',
      status: 502,
      message: 'Power BI refuses to show this report with this data.',
      remedy: expect.stringContaining('operator'),
      detail: 'Power BI wants an identity.',
      requestId: 'req-1',
      upstreamRequestId: 'pbi-1',
    });
  });

  it.each([
    [401, 'unauthenticated'],
    [403, 'not-entitled'],
    [404, 'method-not-allowed'],
    [500, 'internal'],
    [504, 'upstream-timeout'],
  ])('are derived from the status %i if the gateway answers itself', async (status, code) => {
    const reply = () => Response.json({ message: 'Of the gateway' }, { status });
    page.api.once(reply);
    page.api.once(reply);
    await expect(page.dynabind.datasets()).rejects.toMatchObject({ code, status });
  });

  it('are derived from answers that are not JSON', async () => {
    page.api.once(() => new Response('<html>'));
    await expect(page.dynabind.datasets()).rejects.toMatchObject({ code: 'unexpected-answer' });
  });

  it('of a load mention the report’s own dataset', async () => {
    const element = page.element();
    const handle = page.dynabind.embed(element, { report: 'sales', dataset: 'a' });
    await pass(200);
    page.powerbi.on(element).emit('error', { message: 'LoadReportFailed' });
    await expect(handle.ready).rejects.toMatchObject({ code: 'load-failed', remedy: expect.stringContaining('includeOwnDataset') });
  });

  it('of a list have sentences', () => {
    expect(describeProblem('workspace-not-on-capacity')).toContain('capacity');
    expect(describeProblem('of-a-later-version')).toContain('of-a-later-version');
  });
});

describe('retries', () => {
  it('wait for the time in Retry-After', async () => {
    page.api.once(() => problem('upstream-throttled', 503, { 'retry-after': '7' }));
    const list = page.dynabind.datasets();
    await pass(6_999);
    expect(page.api.calls).toHaveLength(1);
    await pass(1);
    await list;
    expect(page.api.calls).toHaveLength(2);
  });

  it('understand a date in Retry-After', async () => {
    page.api.once(() => problem('too-many-requests', 429, { 'retry-after': new Date(Date.now() + 5000).toUTCString() }));
    const list = page.dynabind.datasets();
    await pass(5_000);
    await list;
    expect(page.api.calls).toHaveLength(2);
  });

  it('are bounded in number', async () => {
    for (let n = 0; n < 10; n++) page.api.once(() => problem('upstream-throttled', 503, { 'retry-after': '1' }));
    const failed = expect(page.dynabind.datasets()).rejects.toMatchObject({ code: 'upstream-throttled', retryAfterSeconds: 1 });
    await pass(60_000);
    await failed;
    expect(page.api.calls).toHaveLength(4);
  });

  it('are not made if the wait is too long', async () => {
    page.api.once(() => problem('upstream-throttled', 503, { 'retry-after': '600' }));
    await expect(page.dynabind.datasets()).rejects.toMatchObject({ retryAfterSeconds: 600 });
  });

  it('are not made for requests that would fail again', async () => {
    page.api.once(() => problem('upstream-refused', 502));
    await expect(page.dynabind.datasets()).rejects.toMatchObject({ code: 'upstream-refused' });
    expect(page.api.calls).toHaveLength(1);
  });

  it('are made when the connection fails', async () => {
    page.api.once(() => Promise.reject(new TypeError('Failed to fetch')));
    const list = page.dynabind.datasets();
    await pass(1_000);
    await expect(list).resolves.toEqual({ reports: [], datasets: [] });
  });
});

describe('the caller’s sign-in', () => {
  it('is called once for a fresh token when the service does not accept the old one', async () => {
    const getAccessToken = vi.fn(({ forceRefresh }: { forceRefresh: boolean }) => (forceRefresh ? 'fresh' : 'stale'));
    const dynabind = page.client({ getAccessToken });
    page.api.once(() => problem('unauthenticated', 401));
    await dynabind.datasets();
    expect(page.api.calls.map((call) => call.authorization)).toEqual(['Bearer stale', 'Bearer fresh']);
    page.api.once(() => problem('unauthenticated', 401));
    page.api.once(() => problem('unauthenticated', 401));
    await expect(dynabind.datasets()).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('is a typed error when it throws or returns no token', async () => {
    const cause = new Error('popup blocked');
    const throws = page.client({ getAccessToken: () => Promise.reject(cause) });
    await expect(throws.datasets()).rejects.toMatchObject({ code: 'sign-in-failed', cause });
    const empty = page.client({ getAccessToken: () => '' });
    await expect(empty.datasets()).rejects.toMatchObject({ code: 'sign-in-failed' });
    expect(page.api.calls).toHaveLength(0);
  });

  const claims = '{"access_token":{"acrs":{"essential":true,"value":"p1"}}}';
  const header = `Bearer error="insufficient_claims", claims="${btoa(claims)}"`;
  const challenge = () => problem('interaction-required', 401, { 'www-authenticate': header });

  it.each([
    ['the problem', () => problem('interaction-required', 401, {}, { claims })],
    ['WWW-Authenticate', challenge],
    ['the header as API Gateway renames it', () => problem('interaction-required', 401, { 'x-amzn-remapped-www-authenticate': header })],
  ])('gets a claims challenge in %s', async (_, reply) => {
    const getAccessToken = vi.fn(() => 'caller-token');
    const dynabind = page.client({ getAccessToken, onInteractionRequired: () => undefined });
    page.api.once(reply);
    await dynabind.datasets();
    expect(getAccessToken).toHaveBeenLastCalledWith({ forceRefresh: true, claims });
  });

  it('answers a claims challenge with onInteractionRequired, once for parallel calls', async () => {
    const getAccessToken = vi.fn(() => 'caller-token');
    const onInteractionRequired = vi.fn(() => Promise.resolve());
    const dynabind = page.client({ getAccessToken, onInteractionRequired });
    page.api.once(challenge);
    page.api.once(challenge);
    await Promise.all([dynabind.datasets(), dynabind.datasets('sales')]);
    expect(onInteractionRequired).toHaveBeenCalledOnce();
    expect(onInteractionRequired).toHaveBeenCalledWith(expect.objectContaining({ code: 'interaction-required', claims }));
    expect(getAccessToken).toHaveBeenLastCalledWith({ forceRefresh: true, claims });
  });

  it('fails with the challenge if the page has no onInteractionRequired', async () => {
    page.api.once(challenge);
    await expect(page.dynabind.datasets()).rejects.toMatchObject({ code: 'interaction-required', claims });
  });

  it('fails when the user does not complete the interaction', async () => {
    const dynabind = page.client({ onInteractionRequired: () => Promise.reject(new Error('closed')) });
    page.api.once(challenge);
    await expect(dynabind.datasets()).rejects.toMatchObject({ code: 'sign-in-failed' });
  });
});
