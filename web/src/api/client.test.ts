import { afterEach, describe, expect, it, vi } from 'vitest';
import { listModels, streamChat, type ChatEvent } from './client';
import { FailureError, type Failure } from './failure';

afterEach(() => vi.unstubAllGlobals());

const chat = { model: 'm', messages: [{ role: 'user' as const, content: 'hi' }] };

function answerWith(body: string, init: ResponseInit = {}) {
  const fetch = vi.fn(async () => new Response(body, init));
  vi.stubGlobal('fetch', fetch);
  return fetch;
}

async function collect(signal = new AbortController().signal): Promise<ChatEvent[]> {
  const events = [];
  for await (const event of streamChat(chat, signal)) events.push(event);
  return events;
}

async function failure(promise: Promise<unknown>): Promise<Failure> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(FailureError);
  return (error as FailureError).failure;
}

const chunk = (choice: object, more: object = {}) =>
  `data: ${JSON.stringify({ choices: [choice], ...more })}\n\n`;

describe('streamChat', () => {
  it('asks for a stream with usage, and gives text, reason and usage', async () => {
    const fetch = answerWith(
      chunk({ delta: { role: 'assistant', content: '' } }) +
        chunk({ delta: { content: 'Hel' } }) +
        chunk({ delta: { content: 'lo' } }) +
        chunk({ delta: {}, finish_reason: 'stop' }) +
        'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\ndata: [DONE]\n\n',
    );
    expect(await collect()).toEqual([
      { type: 'text', text: 'Hel' },
      { type: 'text', text: 'lo' },
      { type: 'finish', reason: 'stop' },
      { type: 'usage', promptTokens: 3, completionTokens: 2 },
    ]);
    const [path, init] = fetch.mock.calls[0] as unknown as [string, { body: string }];
    expect(path).toBe('/v1/chat/completions');
    expect(JSON.parse(init.body)).toEqual({
      ...chat,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('tells an answer that broke off from one that is complete', async () => {
    answerWith(chunk({ delta: { content: 'Hel' } }));
    expect((await failure(collect())).kind).toBe('cut');
  });

  it('reports an error within the stream in the words of the server', async () => {
    answerWith(
      chunk({ delta: { content: 'x' } }) + 'data: {"error":{"message":"out of luck"}}\n\n',
    );
    expect(await failure(collect())).toEqual({ kind: 'broken', message: 'out of luck' });
  });

  it('does not take nonsense for an answer', async () => {
    answerWith('data: {nonsense\n\n');
    expect((await failure(collect())).kind).toBe('broken');
  });

  it.each([
    [400, 'context_length_exceeded', 'context'],
    [400, 'invalid_argument', 'refused'],
    [404, 'model_not_found', 'refused'],
    [429, 'rate_limit_exceeded', 'busy'],
    [503, 'overloaded', 'busy'],
    [503, 'model_loading', 'loading'],
    [503, 'out_of_memory', 'broken'],
    [500, 'internal', 'broken'],
  ])('status %i with code %s is "%s"', async (status, code, kind) => {
    answerWith(JSON.stringify({ error: { message: 'in its own words', code } }), { status });
    expect(await failure(collect())).toEqual({ kind, message: 'in its own words' });
  });

  it('reads when to try again', async () => {
    answerWith('{"error":{"message":"slow down"}}', {
      status: 429,
      headers: { 'Retry-After': '7' },
    });
    expect((await failure(collect())).retryAfter).toBe(7);
    answerWith('', { status: 429, headers: { 'Retry-After': 'tomorrow' } });
    expect(await failure(collect())).not.toHaveProperty('retryAfter');
  });

  it('says so when nothing answers', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));
    expect((await failure(collect())).kind).toBe('unreachable');
    expect((await failure(listModels())).kind).toBe('unreachable');
  });

  it('ends with the abort when it is stopped, not with a failure', async () => {
    const controller = new AbortController();
    vi.stubGlobal('fetch', async (_: string, { signal }: RequestInit) => {
      const body = new ReadableStream({
        start(stream) {
          stream.enqueue(new TextEncoder().encode(chunk({ delta: { content: 'a' } })));
          signal!.addEventListener('abort', () => stream.error(signal!.reason));
        },
      });
      return new Response(body);
    });
    const events: ChatEvent[] = [];
    const reading = (async () => {
      for await (const event of streamChat(chat, controller.signal)) {
        events.push(event);
        controller.abort();
      }
    })();
    await expect(reading).rejects.toHaveProperty('name', 'AbortError');
    expect(events).toEqual([{ type: 'text', text: 'a' }]);
  });
});

describe('listModels', () => {
  it('gives the names', async () => {
    answerWith('{"object":"list","data":[{"id":"b","object":"model"},{"id":"a"}]}');
    expect(await listModels()).toEqual(['b', 'a']);
  });

  it('takes no other page for the server', async () => {
    answerWith('<!doctype html>');
    expect((await failure(listModels())).kind).toBe('unreachable');
  });
});
