/** The iframe's side of powerbi-client's protocol: plain objects by postMessage. `headers.id` pairs requests and answers. */
export class Messages {
  #routes = [];

  constructor() {
    window.addEventListener('message', (event) => {
      const isRequest = event.source === window.parent && typeof event.data?.method === 'string';
      if (isRequest) void this.#answer(event);
    });
  }

  /** `handler(body, parameters)` returns `[statusCode, body]`, or throws a Refusal with them. */
  on(method, pattern, handler) {
    const expression = new RegExp(`^${pattern.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`);
    this.#routes.push({ method, expression, handler });
  }

  /** Sends a message to the embedding page. The page answers, but the answer is not needed. */
  tell(url, body) {
    window.parent.postMessage({ method: 'POST', url, headers: { id: crypto.randomUUID() }, body }, '*');
  }

  async #answer({ data, source, origin }) {
    const [statusCode, body] = await this.#handle(data);
    source.postMessage({ statusCode, headers: { id: data.headers?.id }, body }, origin);
  }

  async #handle({ method, url, body }) {
    const path = String(url).split('?')[0];
    for (const route of this.#routes) {
      const match = route.method === method && route.expression.exec(path);
      if (!match) continue;
      try {
        return await route.handler(body, match.groups ?? {});
      } catch (cause) {
        if (cause instanceof Refusal) return [cause.statusCode, cause.fault];
        throw cause;
      }
    }
    return [404, { message: 'PowerBIEntityNotFound', detailedMessage: `${method} ${path}` }];
  }
}

export class Refusal extends Error {
  constructor(statusCode, errorCode, detailedMessage) {
    super(detailedMessage);
    this.statusCode = statusCode;
    this.fault = faultOf(errorCode, detailedMessage);
  }
}

/** An IError of powerbi-client. Level 6 is fatal. */
export function faultOf(errorCode, detailedMessage) {
  return {
    message: errorCode,
    detailedMessage,
    errorCode,
    level: 6,
    technicalDetails: { requestId: crypto.randomUUID(), errorInfo: [] },
  };
}
