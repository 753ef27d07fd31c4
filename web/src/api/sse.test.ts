import { describe, expect, it } from 'vitest';
import { readEvents, SseParser, type ServerEvent } from './sse';

function streamOf(pieces: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
}

async function all(pieces: Uint8Array[]): Promise<ServerEvent[]> {
  const events = [];
  for await (const event of readEvents(streamOf(pieces))) events.push(event);
  return events;
}

describe('SseParser', () => {
  it('reads the examples of the specification', () => {
    const parser = new SseParser();
    expect(parser.push('data: YHOO\ndata: +2\ndata: 10\n\n')).toEqual([
      { event: 'message', data: 'YHOO\n+2\n10' },
    ]);
    expect(parser.push(': test stream\n\ndata: first event\nid: 1\n\n')).toEqual([
      { event: 'message', data: 'first event' },
    ]);
    expect(parser.push('data:second event\nid\n\ndata:  third event')).toEqual([
      { event: 'message', data: 'second event' },
    ]);
    expect(parser.push('\n\n')).toEqual([{ event: 'message', data: ' third event' }]);
    expect(parser.push('data\n\ndata\ndata\n\ndata:')).toEqual([
      { event: 'message', data: '' },
      { event: 'message', data: '\n' },
    ]);
  });

  it('names an event, and forgets the name after it', () => {
    const parser = new SseParser();
    expect(parser.push('event: add\ndata: 1\n\ndata: 2\n\nevent: none\n\ndata: 3\n\n')).toEqual([
      { event: 'add', data: '1' },
      { event: 'message', data: '2' },
      { event: 'message', data: '3' },
    ]);
  });

  it('takes LF, CR and CRLF as line ends, also when a piece ends between CR and LF', () => {
    for (const end of ['\n', '\r', '\r\n']) {
      const text = `data: a${end}data: b${end}${end}data: c${end}${end}`;
      const expected = [
        { event: 'message', data: 'a\nb' },
        { event: 'message', data: 'c' },
      ];
      for (let size = 1; size <= text.length; ++size) {
        const parser = new SseParser();
        const events = [];
        for (let i = 0; i < text.length; i += size)
          events.push(...parser.push(text.slice(i, i + size)));
        expect(events).toEqual(expected);
      }
    }
  });

  it('skips a byte order mark at the beginning only', () => {
    const parser = new SseParser();
    expect(parser.push('\uFEFFdata: a\n\ndata: \uFEFFb\n\n').map((event) => event.data)).toEqual([
      'a',
      '\uFEFFb',
    ]);
  });
});

describe('readEvents', () => {
  it('gives the same events however the bytes are cut, in the middle of characters too', async () => {
    const bytes = new TextEncoder().encode('data: {"text":"Añ水🌋"}\n\ndata: [DONE]\n\n');
    const whole = await all([bytes]);
    expect(whole.map((event) => event.data)).toEqual(['{"text":"Añ水🌋"}', '[DONE]']);
    for (let cut = 1; cut < bytes.length; ++cut) {
      expect(await all([bytes.slice(0, cut), bytes.slice(cut)])).toEqual(whole);
    }
  });

  it('drops an event that the end cuts off', async () => {
    expect(await all([new TextEncoder().encode('data: a\n\ndata: b\n')])).toHaveLength(1);
  });

  it('cancels the stream when its reader stops', async () => {
    let cancelled = false;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode('data: a\n\n'));
      },
      cancel() {
        cancelled = true;
      },
    });
    for await (const event of readEvents(stream)) {
      expect(event.data).toBe('a');
      break;
    }
    expect(cancelled).toBe(true);
  });
});
