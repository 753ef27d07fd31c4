// The two things the page asks of the server: which models there are, and an answer, streamed.
import type { Part } from '../conversation/attachment';
import { cutOff, failureOf, failureOfResponse, FailureError, unreachable } from './failure';
import { parseProgress, type Progress } from './progress';
import { readEvents } from './sse';

export interface ChatRequest {
  model: string;
  messages: {
    role: 'system' | 'user' | 'assistant';
    content: string | Part[];
    reasoning_content?: string;
  }[];
  mode?: { name: string; agents?: number; rounds?: number; budget_tokens?: number };
  reasoning_effort?: string;
  temperature?: number;
  max_tokens?: number;
}

export type ChatEvent =
  | { type: 'text'; text: string }
  | { type: 'reasoning'; text: string }
  | { type: 'progress'; progress: Progress }
  | { type: 'finish'; reason: string }
  | { type: 'usage'; promptTokens: number; completionTokens: number };

interface ChatChunk {
  choices?: {
    delta?: { content?: string | null; reasoning_content?: string | null };
    finish_reason?: string | null;
  }[];
  helicon?: unknown;
  usage?: { prompt_tokens: number; completion_tokens: number } | null;
  error?: unknown;
}

async function request(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new FailureError(unreachable);
  }
  if (!response.ok) throw new FailureError(await failureOfResponse(response));
  return response;
}

export async function listModels(signal?: AbortSignal): Promise<string[]> {
  const response = await request('/v1/models', { signal });
  const body = (await response.json().catch(() => null)) as { data?: { id?: unknown }[] } | null;
  if (!Array.isArray(body?.data)) throw new FailureError(unreachable);
  return body.data.map((model) => model.id).filter((id) => typeof id === 'string');
}

function parseChunk(data: string): ChatChunk {
  try {
    return JSON.parse(data) as ChatChunk;
  } catch {
    throw new FailureError({ kind: 'broken', message: 'The server sent something unreadable.' });
  }
}

// Ends after the server's [DONE]. Throws FailureError, or the signal's AbortError.
export async function* streamChat(
  chat: ChatRequest,
  signal: AbortSignal,
): AsyncGenerator<ChatEvent> {
  const response = await request('/v1/chat/completions', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ ...chat, stream: true, stream_options: { include_usage: true } }),
    signal,
  });
  if (!response.body) throw new FailureError(cutOff);
  try {
    for await (const { data } of readEvents(response.body)) {
      if (data === '[DONE]') return;
      const chunk = parseChunk(data);
      if (chunk.error) throw new FailureError(failureOf(500, chunk));
      const choice = chunk.choices?.[0];
      const progress = parseProgress(chunk.helicon);
      if (progress) yield { type: 'progress', progress };
      const reasoning = choice?.delta?.reasoning_content;
      if (reasoning) yield { type: 'reasoning', text: reasoning };
      if (choice?.delta?.content) yield { type: 'text', text: choice.delta.content };
      if (choice?.finish_reason) yield { type: 'finish', reason: choice.finish_reason };
      if (chunk.usage) {
        yield {
          type: 'usage',
          promptTokens: chunk.usage.prompt_tokens,
          completionTokens: chunk.usage.completion_tokens,
        };
      }
    }
  } catch (error) {
    if (signal.aborted || error instanceof FailureError) throw error;
    throw new FailureError(cutOff);
  }
  throw new FailureError(cutOff);
}
