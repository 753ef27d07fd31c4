// Server-sent events, read from a byte stream: https://html.spec.whatwg.org/multipage/server-sent-events.html

export interface ServerEvent {
  event: string;
  data: string;
}

// Takes text in any pieces; gives back the events that are complete. An event that the stream's
// end cuts off is dropped, as the specification says.
export class SseParser {
  #line = '';
  #data: string[] = [];
  #event = '';
  #afterCarriageReturn = false;
  #first = true;

  push(text: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    if (this.#first && text.length > 0) {
      if (text.startsWith('\uFEFF')) text = text.slice(1);
      this.#first = false;
    }
    let start = 0;
    for (let i = 0; i < text.length; ++i) {
      const character = text[i];
      if (character !== '\n' && character !== '\r') {
        this.#afterCarriageReturn = false;
        continue;
      }
      const secondHalfOfCrLf = character === '\n' && this.#afterCarriageReturn;
      this.#afterCarriageReturn = character === '\r';
      if (!secondHalfOfCrLf) {
        const event = this.#take(this.#line + text.slice(start, i));
        if (event) events.push(event);
        this.#line = '';
      }
      start = i + 1;
    }
    this.#line += text.slice(start);
    return events;
  }

  #take(line: string): ServerEvent | null {
    if (line === '') {
      const event = { event: this.#event || 'message', data: this.#data.join('\n') };
      const complete = this.#data.length > 0;
      this.#data = [];
      this.#event = '';
      return complete ? event : null;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    if (field === 'data') this.#data.push(value);
    if (field === 'event') this.#event = value;
    return null;
  }
}

export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new SseParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    // Reached also when the consumer stops early: the server then sees the connection close.
    reader.cancel().catch(() => {});
  }
}
