import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Conversation, Message } from '../conversation/model';
import { requestMessages, Session, type Surroundings } from './session.svelte';

// A server that answers when it is told to.
class Script {
  bodies: { messages: { role: string; content: unknown }[] }[] = [];
  #stream: ReadableStreamDefaultController<Uint8Array> | undefined;
  #queued: Response[] = [];

  queue(response: Response): void {
    this.#queued.push(response);
  }

  fetch = async (_path: string, init: RequestInit): Promise<Response> => {
    init.signal!.throwIfAborted();
    this.bodies.push(JSON.parse(String(init.body)));
    const queued = this.#queued.shift();
    if (queued) return queued;
    return new Response(
      new ReadableStream<Uint8Array>({
        start: (stream) => {
          this.#stream = stream;
          init.signal!.addEventListener('abort', () => stream.error(init.signal!.reason));
        },
      }),
    );
  };

  async write(...events: (object | string)[]): Promise<void> {
    await vi.waitFor(() => expect(this.#stream).toBeDefined());
    for (const event of events) {
      const data = typeof event === 'string' ? event : JSON.stringify(event);
      this.#stream!.enqueue(new TextEncoder().encode(`data: ${data}\n\n`));
    }
  }

  async say(...words: string[]): Promise<void> {
    await this.write(...words.map((content) => ({ choices: [{ delta: { content } }] })));
  }

  async end(): Promise<void> {
    await this.write(
      { choices: [{ delta: {}, finish_reason: 'stop' }] },
      { choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } },
      '[DONE]',
    );
    this.#stream = undefined;
  }
}

let script: Script;
let saved: Map<string, Message>;
let session: Session;

beforeEach(() => {
  script = new Script();
  saved = new Map();
  vi.stubGlobal('fetch', script.fetch);
  const surroundings: Surroundings = {
    save: async (_, messages) => messages.forEach((message) => saved.set(message.id, message)),
    model: () => 'm',
    connection: () => {},
  };
  const info: Conversation = {
    id: 'c',
    title: '',
    created: 1,
    updated: 1,
    leaf: null,
    model: null,
  };
  session = new Session(surroundings, info);
});

afterEach(() => vi.unstubAllGlobals());

const idle = () => vi.waitFor(() => expect(session.phase).toBe('idle'));
const contents = () => session.path.map(({ content }) => content);

async function exchange(question: string, answer: string): Promise<void> {
  session.send(question);
  await script.say(answer);
  await script.end();
  await idle();
}

describe('Session', () => {
  it('goes through its phases, and saves the complete answer', async () => {
    session.send('Question');
    expect(session.phase).toBe('sent');
    expect(session.info.title).toBe('Question');
    await script.say('Hel', 'lo');
    await vi.waitFor(() => expect(contents()).toEqual(['Question', 'Hello']));
    expect(session.phase).toBe('writing');
    await script.end();
    await idle();
    const answer = session.path[1]!;
    expect(answer).toMatchObject({ state: 'complete', model: 'm', figures: { tokens: 2 } });
    await vi.waitFor(() => expect(saved.get(answer.id)?.content).toBe('Hello'));
  });

  it('takes no second question while it answers', async () => {
    session.send('One');
    session.send('Two');
    expect(session.path).toHaveLength(2);
    await session.stop();
  });

  it('keeps what came before it was stopped', async () => {
    session.send('Question');
    await script.say('Half');
    await vi.waitFor(() => expect(session.phase).toBe('writing'));
    await session.stop();
    expect(session.path[1]).toMatchObject({ content: 'Half', state: 'stopped' });
    expect(session.unfinished()).toBeNull();
  });

  it('gives what would be lost if the page went away', async () => {
    session.send('Question');
    await script.say('Half');
    await vi.waitFor(() => expect(contents()[1]).toBe('Half'));
    expect(session.unfinished()!.answer).toMatchObject({ content: 'Half', state: 'interrupted' });
    expect(session.path[1]!.state).toBe('streaming');
    await session.stop();
  });

  it('names what is made here, anew in each question', async () => {
    const sound = new Blob(['a'], { type: 'audio/webm' });
    session.attachMade('Recording', sound);
    session.attachMade('Photo', new Blob(['b'], { type: 'image/jpeg' }));
    expect(session.attachments.map(({ kind, name }) => [kind, name])).toEqual([
      ['audio', 'Recording 1.webm'],
      ['image', 'Photo 1.jpg'],
    ]);
    session.send('');
    session.attachMade('Recording', sound);
    expect(session.attachments[0]!.name).toBe('Recording 2.webm');
    await session.stop();
  });

  it('sends a question of nothing but a picture, which its later versions keep', async () => {
    session.attach([new File(['a'], 'a.png', { type: 'image/png' }), new File(['b'], 'b.txt')]);
    expect(session.refusal).toContain('b.txt');
    session.send('');
    expect(session.info.title).toBe('a.png');
    expect(session.attachments).toHaveLength(0);
    expect(session.refusal).toBeNull();
    await script.say('A');
    await script.end();
    await idle();
    session.edit(session.path[0]!, 'What is it?');
    await script.say('B');
    await script.end();
    await idle();
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,YQ==' } };
    expect(script.bodies.map(({ messages }) => messages[0]!.content)).toEqual([
      [image],
      [image, { type: 'text', text: 'What is it?' }],
    ]);
  });

  it('grows a branch when asked again, and when a question is edited', async () => {
    await exchange('Q', 'A');
    session.regenerate(session.path[1]!);
    await script.say('B');
    await script.end();
    await idle();
    expect(contents()).toEqual(['Q', 'B']);
    expect(session.siblings(session.path[1]!).map(({ content }) => content)).toEqual(['A', 'B']);
    session.edit(session.path[0]!, 'Q2');
    await script.say('C');
    await script.end();
    await idle();
    expect(contents()).toEqual(['Q2', 'C']);
    session.choose(session.siblings(session.path[0]!)[0]!);
    expect(contents()).toEqual(['Q', 'B']);
    expect(script.bodies.map(({ messages }) => messages.map(({ content }) => content))).toEqual([
      ['Q'],
      ['Q'],
      ['Q2'],
    ]);
  });

  it('tries an answer that never began again in its place', async () => {
    script.queue(new Response('{"error":{"message":"no"}}', { status: 500 }));
    session.send('Q');
    await idle();
    expect(session.path[1]).toMatchObject({ state: 'failed', failure: { message: 'no' } });
    session.regenerate(session.path[1]!);
    await script.say('A');
    await script.end();
    await idle();
    expect(session.messages).toHaveLength(2);
    expect(session.path[1]).not.toHaveProperty('failure');
  });

  it('asks again by itself while the model loads', async () => {
    const loading = '{"error":{"message":"loading","code":"model_loading"}}';
    script.queue(new Response(loading, { status: 503, headers: { 'Retry-After': '0.05' } }));
    session.send('Q');
    await vi.waitFor(() => expect(session.phase).toBe('loading'));
    await script.say('A');
    await script.end();
    await idle();
    expect(contents()).toEqual(['Q', 'A']);
    expect(script.bodies).toHaveLength(2);
  });
});

describe('requestMessages', () => {
  const turn = (role: Message['role'], content: string) => ({ role, content }) as Message;

  it('sends reasoning back that is whole', async () => {
    const thought = { ...turn('assistant', 'A'), reasoning: 'so' };
    const answers = await requestMessages('', [
      thought,
      turn('user', 'Q'),
      { ...thought, reasoningLeftOut: 9 },
    ]);
    expect(answers[0]).toMatchObject({ reasoning_content: 'so' });
    expect(answers[2]).not.toHaveProperty('reasoning_content');
  });

  it('puts the system prompt first', async () => {
    expect(await requestMessages('Be brief.', [turn('user', 'Q')])).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Q' },
    ]);
    expect(await requestMessages('  ', [turn('user', 'Q')])).toHaveLength(1);
  });

  it('lets the roles take turns where answers are missing', async () => {
    const path = [turn('user', 'A'), turn('assistant', ''), turn('user', 'B')];
    expect(await requestMessages('', path)).toEqual([{ role: 'user', content: 'A\n\nB' }]);
  });

  it('sends what is attached as parts, also where questions are joined', async () => {
    const attachments = [
      { kind: 'image' as const, name: 'a.png', file: new Blob(['a'], { type: 'image/png' }) },
    ];
    const path = [turn('user', 'A'), turn('assistant', ''), { ...turn('user', 'B'), attachments }];
    expect(await requestMessages('', path)).toEqual([
      {
        role: 'user',
        content: [
          { type: 'image_url', image_url: { url: 'data:image/png;base64,YQ==' } },
          { type: 'text', text: 'A\n\nB' },
        ],
      },
    ]);
  });
});
