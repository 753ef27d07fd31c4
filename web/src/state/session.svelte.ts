// One open conversation: asking, answering, stopping, asking again.
import { streamChat, type ChatRequest } from '../api/client';
import { FailureError, type Failure } from '../api/failure';
import {
  newestLeafUnder,
  newId,
  pathTo,
  siblingsOf,
  titleFrom,
  type Conversation,
  type Message,
} from '../conversation/model';
import { choose, numbered, partsOf, type Attachment } from '../conversation/attachment';
import { announcer, speakable } from './announcer.svelte';
import { Narrator } from './narrator';
import { noteRefusal, requestFields, settings } from './settings.svelte';
import { Writer } from './writer';

// What a session needs of the world around it.
export interface Surroundings {
  save(conversation: Conversation, messages: Message[]): Promise<void>;
  model(): string | null;
  // The server was heard of (null), or could not be reached.
  connection(failure: Failure | null): void;
}

export interface Unfinished {
  conversation: Conversation;
  answer: Message;
}

export type Phase =
  | 'idle'
  | 'sent' // waiting for the first word
  | 'loading' // the server says that the model is not in memory yet
  | 'writing';

const loadingPause = 2; // seconds between tries while a model loads, if the server names none
const loadingPatience = 15 * 60_000; // milliseconds

function pause(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

// The turns as the server gets them. Answers that never came are left out, and the questions around
// them joined: many templates insist that the roles take turns.
export async function requestMessages(
  system: string,
  path: readonly Message[],
): Promise<ChatRequest['messages']> {
  const turns: Pick<Message, 'role' | 'content' | 'reasoning' | 'attachments'>[] = [];
  for (const { role, content, reasoning, reasoningLeftOut, attachments = [] } of path) {
    if (role === 'assistant' && content === '') continue;
    const last = turns.at(-1);
    if (last?.role === role) {
      last.content += '\n\n' + content;
      last.attachments!.push(...attachments);
    } else {
      const whole = reasoning && !reasoningLeftOut;
      turns.push({
        role,
        content,
        attachments: [...attachments],
        ...(whole ? { reasoning } : {}),
      });
    }
  }
  const messages: ChatRequest['messages'] = [];
  if (system.trim()) messages.push({ role: 'system', content: system });
  for (const { role, content, reasoning, attachments = [] } of turns) {
    messages.push({
      role,
      content: attachments.length > 0 ? await partsOf(attachments, content) : content,
      ...(reasoning ? { reasoning_content: reasoning } : {}),
    });
  }
  return messages;
}

export class Session {
  info: Conversation = $state()!;
  messages: Message[] = $state([]);
  phase: Phase = $state('idle');
  // A draft outlives a look at another conversation.
  draft = $state('');
  attachments: Attachment[] = $state.raw([]); // for the next question
  refusal: string | null = $state(null); // why a file is not among them
  readonly path = $derived(pathTo(this.messages, this.info.leaf));
  readonly answering = $derived(this.phase !== 'idle');

  #surroundings: Surroundings;
  #abort: AbortController | null = null;
  #finished: Promise<void> = Promise.resolve();

  constructor(surroundings: Surroundings, info: Conversation, messages: Message[] = []) {
    this.#surroundings = surroundings;
    this.info = info;
    this.messages = messages;
  }

  get isNew(): boolean {
    return this.messages.length === 0;
  }

  siblings(message: Message): Message[] {
    return siblingsOf(this.messages, message);
  }

  send(text: string): void {
    const attachments = this.attachments;
    if (this.answering || (text.trim() === '' && attachments.length === 0)) return;
    this.attachments = [];
    this.refusal = null;
    this.#ask(text, this.path.at(-1)?.id ?? null, attachments);
  }

  attach(files: readonly File[]): void {
    const { taken, refused } = choose(files, this.attachments);
    this.attachments = [...this.attachments, ...taken];
    this.refusal = refused;
    if (taken.length > 0) announcer.say(`Attached: ${taken.map(({ name }) => name).join(', ')}`);
  }

  // What was recorded or photographed here, as "Recording 1" or "Photo 1".
  attachMade(what: 'Recording' | 'Photo', made: Blob): void {
    const before = this.path.flatMap(({ attachments = [] }) => attachments);
    this.attach([numbered(what, made, [...before, ...this.attachments])]);
  }

  detach(attachment: Attachment): void {
    this.attachments = this.attachments.filter((one) => one !== attachment);
    this.refusal = null;
    announcer.say(`Removed: ${attachment.name}`);
  }

  // A second version of a question, with an answer of its own.
  edit(question: Message, text: string): void {
    this.#ask(text, question.parent, question.attachments);
  }

  // Another answer to the same question; one that never began is tried again in place.
  regenerate(answer: Message): void {
    if (this.answering) return;
    if (answer.content === '') {
      answer.state = 'streaming';
      delete answer.failure;
      this.info.leaf = answer.id;
      this.#finished = this.#answer(answer);
    } else if (answer.parent !== null) {
      this.#begin(answer.parent);
    }
  }

  choose(message: Message): void {
    if (this.answering) return;
    this.info.leaf = newestLeafUnder(this.messages, message.id);
    void this.#save([]);
  }

  // Resolves when what had arrived is saved.
  async stop(): Promise<void> {
    this.#abort?.abort();
    await this.#finished;
  }

  // What is being written, as it would be kept if the page went away now.
  unfinished(): Unfinished | null {
    const answer = this.messages.find(({ state }) => state === 'streaming');
    if (!this.answering || !answer) return null;
    return {
      conversation: $state.snapshot(this.info),
      answer: { ...$state.snapshot(answer), state: 'interrupted' },
    };
  }

  #ask(text: string, parent: string | null, attachments: Attachment[] = []): void {
    if (this.answering || (text.trim() === '' && attachments.length === 0)) return;
    const question = this.#add({
      role: 'user',
      content: text,
      parent,
      state: 'complete',
      ...(attachments.length > 0 ? { attachments } : {}),
    });
    if (this.info.title === '') this.info.title = titleFrom(text || attachments[0]!.name);
    this.#begin(question.id);
  }

  #begin(question: string): void {
    const answer = this.#add({
      role: 'assistant',
      content: '',
      parent: question,
      state: 'streaming',
    });
    this.#finished = this.#answer(answer);
  }

  #add(fields: Pick<Message, 'role' | 'content' | 'parent' | 'state' | 'attachments'>): Message {
    const newest = this.messages.reduce((latest, { created }) => Math.max(latest, created), 0);
    // Never twice the same moment: it orders the versions of a message.
    const created = Math.max(Date.now(), newest + 1);
    this.messages.push({ id: newId(), conversation: this.info.id, created, ...fields });
    const message = this.messages.at(-1)!;
    this.info.leaf = message.id;
    this.info.updated = created;
    return message;
  }

  async #save(messages: Message[]): Promise<void> {
    await this.#surroundings.save($state.snapshot(this.info), $state.snapshot(messages));
  }

  async #answer(answer: Message): Promise<void> {
    const model = this.#surroundings.model();
    const path = pathTo(this.messages, answer.parent);
    const writer = new Writer(answer, (message) => this.#save([message]));
    this.#abort = new AbortController();
    this.phase = 'sent';
    this.info.model = model;
    if (model) answer.model = model;
    await this.#save([...path.slice(-1), answer]);
    announcer.say('Answering');
    try {
      const request: ChatRequest = {
        model: model ?? '',
        messages: await requestMessages(settings.system, path),
        ...requestFields(),
      };
      const reason = await this.#stream(request, writer, this.#abort.signal);
      answer.state = reason === 'length' ? 'length' : 'complete';
      announcer.say(speakable(writer.text) || 'The answer is empty.');
    } catch (error) {
      if (this.#abort.signal.aborted) {
        answer.state = 'stopped';
        announcer.say('Stopped');
      } else {
        const failure: Failure =
          error instanceof FailureError
            ? error.failure
            : { kind: 'broken', message: String(error) };
        noteRefusal(failure);
        if (failure.kind === 'unreachable') this.#surroundings.connection(failure);
        answer.state = 'failed';
        answer.failure = failure;
      }
    }
    writer.finish();
    this.phase = 'idle';
    this.info.updated = Math.max(Date.now(), this.info.updated);
    await this.#save([answer]);
  }

  // Gives the reason why the answer ended.
  async #stream(request: ChatRequest, writer: Writer, signal: AbortSignal): Promise<string> {
    const patience = Date.now() + loadingPatience;
    const narrator = new Narrator();
    for (;;) {
      try {
        let reason = 'stop';
        for await (const event of streamChat(request, signal)) {
          this.#surroundings.connection(null);
          if (event.type === 'text') {
            this.phase = 'writing';
            writer.add(event.text);
          } else if (event.type === 'reasoning') {
            this.phase = 'writing';
            writer.addReasoning(event.text);
          } else if (event.type === 'progress') {
            this.phase = 'writing';
            const words = narrator.tell(event.progress, performance.now());
            if (words) announcer.say(words);
            writer.addProgress(event.progress);
          } else if (event.type === 'finish') {
            reason = event.reason;
          } else {
            writer.tokens = event.completionTokens;
          }
        }
        return reason;
      } catch (error) {
        const failure = error instanceof FailureError ? error.failure : null;
        if (failure?.kind !== 'loading' || Date.now() > patience) throw error;
        this.phase = 'loading';
        await pause(failure.retryAfter ?? loadingPause, signal);
      }
    }
  }
}
