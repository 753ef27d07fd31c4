// A server that behaves like Helicon's, and misbehaves on request: what the last question says
// decides. It serves the built page with the headers of the real one.
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { streamContemplating, streamReasoning } from './agents_at_work';
import {
  contextMessage,
  hostileAnswer,
  longAnswer,
  markdownAnswer,
  mathAnswer,
  wideAnswer,
} from './answers';

export const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
  "img-src 'self' data: blob:; media-src blob:; font-src 'self'; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

interface Part {
  type: string;
  text?: string;
  image_url?: { url: string };
}

interface ChatBody {
  model: string;
  messages: { role: string; content: string | Part[]; reasoning_content?: string }[];
  mode?: { name: string; agents?: number; rounds?: number; budget_tokens?: number };
  reasoning_effort?: string;
  stream?: boolean;
  stream_options?: { include_usage?: boolean };
  temperature?: number;
  max_tokens?: number;
}

export interface MockServer {
  url: string;
  chats: ChatBody[]; // what was asked, in order
  models: string[];
  hungUp: number; // answers whose client went away
  tokensWritten: number;
  close(): Promise<void>;
}

export interface MockOptions {
  dist: string;
  port?: number;
  models?: string[];
}

const answers: [RegExp, string][] = [
  [/binary search/i, markdownAnswer],
  [/square root/i, mathAnswer],
  [/hostile/i, hostileAnswer],
  [/wide/i, wideAnswer],
  [/long|slowly/i, longAnswer],
];

function answerTo(question: string): string {
  const known = answers.find(([pattern]) => pattern.test(question))?.[1];
  return known ?? `You said: ${question}`;
}

function textOf(content: string | Part[]): string {
  if (typeof content === 'string') return content;
  return content.map(({ type, text }) => text ?? `(${type})`).join(' ');
}

// Pieces of about a token's size, whatever Markdown they cut.
function piecesOf(text: string): string[] {
  return text.match(/\s*[^\s]{1,5}|\s+$/gu) ?? [];
}

class Mock {
  readonly state: MockServer;
  #dist: string;
  #failures = new Map<string, number>();

  constructor(dist: string, models: string[]) {
    this.#dist = dist;
    this.state = {
      url: '',
      chats: [],
      models,
      hungUp: 0,
      tokensWritten: 0,
      close: async () => {},
    };
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    if (path === '/v1/models') {
      const data = this.state.models.map((id) => ({
        id,
        object: 'model',
        owned_by: 'helicon',
      }));
      return json(response, 200, { object: 'list', data });
    }
    if (path === '/v1/chat/completions') return this.#chat(request, response);
    return this.#file(path, response);
  }

  async #file(path: string, response: ServerResponse): Promise<void> {
    const file = join(this.#dist, normalize(path === '/' ? '/index.html' : path));
    try {
      const bytes = await readFile(file);
      response.writeHead(200, {
        'Content-Type': contentTypes[extname(file)] ?? 'application/octet-stream',
        'Content-Security-Policy': contentSecurityPolicy,
        'X-Content-Type-Options': 'nosniff',
      });
      response.end(bytes);
    } catch {
      json(response, 404, {
        error: { message: `no such page: ${path}`, code: 'not_found' },
      });
    }
  }

  async #chat(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const body = JSON.parse(text) as ChatBody;
    this.state.chats.push(body);
    const question = textOf(body.messages.at(-1)?.content ?? '');
    const refuse = (
      status: number,
      code: string,
      message: string,
      headers = {},
      param: string | null = null,
    ) => json(response, status, { error: { message, type: 'x', param, code } }, headers);
    // The n-th time this is asked, counted from 1.
    const time = (this.#failures.get(question) ?? 0) + 1;
    this.#failures.set(question, time);

    if (/too long for you/.test(question)) {
      return refuse(400, 'context_length_exceeded', contextMessage);
    }
    if (/too often/.test(question) && time === 1) {
      return refuse(429, 'rate_limit_exceeded', 'Too many requests.', {
        'Retry-After': '2',
      });
    }
    if (/still loading/.test(question) && time <= 2) {
      return refuse(503, 'model_loading', 'The model is loading.', {
        'Retry-After': '1',
      });
    }
    if (/of a few/.test(question) && (body.mode?.agents ?? 8) > 4) {
      const message = `mode.agents: must be between 2 and 4, not ${body.mode?.agents}`;
      return refuse(400, 'invalid_argument', message, {}, 'mode.agents');
    }
    if (/fail at once/.test(question) && time === 1) {
      return refuse(500, 'internal', 'internal: something broke');
    }
    await this.#stream(question, time, body, response);
  }

  async #stream(
    question: string,
    time: number,
    body: ChatBody,
    response: ServerResponse,
  ): Promise<void> {
    let gone = false;
    response.on('close', () => {
      if (!response.writableEnded) {
        gone = true;
        this.state.hungUp += 1;
      }
    });
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
    });
    const write = (data: object | string) =>
      response.write(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
    const chunk = (delta: object, finish: string | null = null, helicon?: object) =>
      write({
        id: 'chatcmpl-1',
        object: 'chat.completion.chunk',
        model: body.model,
        choices: [{ index: 0, delta, finish_reason: finish }],
        helicon,
      });

    chunk({ role: 'assistant', content: '' });
    const wait = /slowly/.test(question) ? 60 : /calmly/.test(question) ? 25 : 4;
    if (/think first/.test(question)) await sleep(5000);
    const stream = { chunk, gone: () => gone, wait };
    if (body.mode?.name === 'thinking') await streamReasoning(stream);
    if (body.mode?.name === 'contemplating') await streamContemplating(stream, question);
    let tokens = 0;
    let finish = 'stop';
    for (const piece of piecesOf(answerTo(question))) {
      if (gone) return;
      if (/hang up/.test(question) && time === 1 && tokens === 3) {
        await sleep(1000); // a reset throws away what the browser has not read yet
        return void response.destroy();
      }
      if (/fail in the middle/.test(question) && time === 1 && tokens === 3) {
        write({
          error: { message: 'the model ran into a wall', code: 'internal' },
        });
        return void response.end();
      }
      if (body.max_tokens !== undefined && tokens >= body.max_tokens) {
        finish = 'length';
        break;
      }
      chunk({ content: piece });
      tokens += 1;
      this.state.tokensWritten += 1;
      await sleep(wait);
    }
    chunk({}, finish);
    if (body.stream_options?.include_usage) {
      const usage = {
        prompt_tokens: 10,
        completion_tokens: tokens,
        total_tokens: 10 + tokens,
      };
      write({
        id: 'chatcmpl-1',
        object: 'chat.completion.chunk',
        choices: [],
        usage,
      });
    }
    write('[DONE]');
    response.end();
  }
}

function json(response: ServerResponse, status: number, body: object, headers = {}): void {
  response.writeHead(status, {
    'Content-Type': 'application/json',
    ...headers,
  });
  response.end(JSON.stringify(body));
}

export async function startMock({ dist, port = 0, models }: MockOptions): Promise<MockServer> {
  const mock = new Mock(dist, models ?? ['qwen2.5-coder-1.5b']);
  const server = createServer((request, response) => {
    mock.handle(request, response).catch((error) => {
      console.error(error);
      response.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  mock.state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  mock.state.close = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return mock.state;
}
