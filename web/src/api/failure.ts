// What can go wrong between the page and the server, in the words the person will read.

export type FailureKind =
  | 'unreachable' // nothing answers at this address
  | 'cut' // the answer broke off
  | 'loading' // the model is not in memory yet; worth trying again by itself
  | 'busy' // too many requests, or no room for one more
  | 'context' // the conversation does not fit the model's context
  | 'refused' // the server understood, and said no
  | 'broken'; // the server failed, or said something that is no answer

export interface Failure {
  kind: FailureKind;
  message: string; // the server's own words where it gave any
  param?: string; // the field of the request that it is about
  retryAfter?: number; // seconds
}

export class FailureError extends Error {
  constructor(readonly failure: Failure) {
    super(failure.message);
  }
}

export const unreachable: Failure = {
  kind: 'unreachable',
  message: 'The Helicon server does not answer. Is it still running?',
};

export const cutOff: Failure = {
  kind: 'cut',
  message: 'The connection was lost before the answer was complete.',
};

interface ErrorEnvelope {
  error?: { message?: unknown; code?: unknown; param?: unknown };
}

const codes: Record<string, FailureKind> = {
  context_length_exceeded: 'context',
  model_loading: 'loading',
  overloaded: 'busy',
  rate_limit_exceeded: 'busy',
};

function kindOf(status: number, code: string): FailureKind {
  const known = codes[code];
  if (known) return known;
  if (status === 429) return 'busy';
  return status >= 500 ? 'broken' : 'refused';
}

// Of the OpenAI error envelope, whether it came as a response or within a stream (status 500 then).
export function failureOf(status: number, body: unknown, retryAfter?: string | null): Failure {
  const error = (body as ErrorEnvelope | null)?.error;
  const code = typeof error?.code === 'string' ? error.code : '';
  const message =
    typeof error?.message === 'string' && error.message
      ? error.message
      : `The server answered with status ${status} and no explanation.`;
  const seconds = Number(retryAfter);
  return {
    kind: kindOf(status, code),
    message,
    ...(typeof error?.param === 'string' ? { param: error.param } : {}),
    ...(retryAfter && seconds > 0 ? { retryAfter: Math.min(seconds, 3600) } : {}),
  };
}

export async function failureOfResponse(response: Response): Promise<Failure> {
  const body: unknown = await response.json().catch(() => null);
  return failureOf(response.status, body, response.headers.get('retry-after'));
}
