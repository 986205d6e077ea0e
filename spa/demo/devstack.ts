/** The routes that the local development stack has in addition to those of the service. */
export interface Person {
  name: string;
  displayName: string;
  tenant: string;
  about: string;
}

export interface TokenInfo {
  tokenId: string;
  expiration: string;
  reports: { id: string; allowEdit: boolean }[];
  datasets: { id: string }[];
  identities: { username: string; roles: string[]; customData: string | null; datasets: string[] }[];
}

async function ask(path: string, body?: unknown): Promise<Response> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(path, body === undefined ? {} : init);
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response;
}

export async function people(): Promise<Person[]> {
  const { users } = (await (await ask('/dev/users')).json()) as { users: Person[] };
  return users;
}

export async function callerToken(name: string): Promise<string> {
  return (await (await ask(`/dev/token?user=${encodeURIComponent(name)}`)).text()).trim();
}

export async function tokenInfo(accessToken: string): Promise<TokenInfo | undefined> {
  try {
    return (await (await ask('/dev/token-info', { accessToken })).json()) as TokenInfo;
  } catch {
    return undefined;
  }
}

/** Makes Power BI refuse the next token requests. They are more than the attempts of the service within one request. */
export async function throttlePowerBi(): Promise<void> {
  await ask('/dev/faults', {
    service: 'power-bi',
    route: 'POST /v1.0/myorg/GenerateToken',
    fault: { kind: 'status', status: 429, headers: { 'Retry-After': '2' } },
    times: 4,
  });
}

export async function expireEmbedTokens(): Promise<void> {
  await ask('/dev/expire-tokens', { kind: 'embed' });
}
