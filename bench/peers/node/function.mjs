// The same job as a typical Node function: it uses the AWS SDK, MSAL and fetch, and keeps its clients between events.
//
// It reads the secret, signs in, makes an embed token, reads the report's metadata, and answers with a config. It checks no
// grants, caches no embed tokens and repeats no calls. In Lambda, AWS's runtime client replaces the loop at the end.
import http from 'node:http';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ConfidentialClientApplication } from '@azure/msal-node';

const { env } = process;
const WORKSPACE = 'a92e5a38-46eb-4fbf-b3c7-b35e0ba4b47f';
const SCOPE = 'https://analysis.windows.net/powerbi/api/.default';
const powerBi = `${env.DYNABIND_POWERBI_URL}/v1.0/myorg`;
const secrets = new SecretsManagerClient({});
let kept;

async function application() {
  if (kept) return kept;
  const answer = await secrets.send(new GetSecretValueCommand({ SecretId: env.DYNABIND_SECRET_ID }));
  const { tenantId, clientId, clientSecret } = JSON.parse(answer.SecretString);
  const authority = `${env.DYNABIND_ENTRA_URL}/${tenantId}`;
  kept = new ConfidentialClientApplication({
    auth: { clientId, clientSecret, authority, knownAuthorities: [new URL(authority).host] },
  });
  return kept;
}

async function ask(method, path, body) {
  const { accessToken } = await (await application()).acquireTokenByClientCredential({ scopes: [SCOPE] });
  const answer = await fetch(powerBi + path, {
    method,
    headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  if (!answer.ok) throw new Error(`Power BI answers ${answer.status}`);
  return answer.json();
}

async function handler(event) {
  if (event.body) JSON.parse(event.body);
  const report = await ask('GET', `/groups/${WORKSPACE}/reports/${WORKSPACE}`);
  const datasets = [{ id: report.datasetId, xmlaPermissions: 'ReadOnly' }];
  const token = await ask('POST', '/GenerateToken', { reports: [{ id: report.id }], datasets });
  const config = {
    type: 'report',
    tokenType: 1,
    accessToken: token.token,
    embedUrl: report.embedUrl,
    id: report.id,
    datasetBinding: { datasetId: report.datasetId },
  };
  const body = JSON.stringify({ configs: [config], tokenId: token.tokenId, expiration: token.expiration });
  return { statusCode: 200, headers: { 'content-type': 'application/json' }, body };
}

const agent = new http.Agent({ keepAlive: true });
const [host, port] = env.AWS_LAMBDA_RUNTIME_API.split(':');

function runtime(method, path, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ agent, host, port, method, path: `/2018-06-01/runtime/invocation/${path}` }, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => resolve({ headers: answer.headers, text: Buffer.concat(chunks).toString() }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

for (;;) {
  const { headers, text } = await runtime('GET', 'next');
  const answer = await handler(JSON.parse(text));
  await runtime('POST', `${headers['lambda-runtime-aws-request-id']}/response`, JSON.stringify(answer));
}
