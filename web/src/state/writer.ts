// Puts what arrives of an answer into its message at the pace of the screen, and on disk now and
// then.
import { advance, emptyView, keepEnd, type Progress } from '../api/progress';
import type { Message } from '../conversation/model';

const saveInterval = 500; // milliseconds between saves of a growing answer
// Letters of reasoning: more than any context holds. Of a model that never stops the end is kept.
export const mostReasoning = 1 << 18;

export class Writer {
  text: string;
  tokens = 0;
  #message: Message;
  #save: (message: Message) => Promise<void>;
  #reasoning = '';
  #reasoningLeftOut = 0;
  #progress: Progress[] = []; // heard since the last frame
  #scheduled = false;
  #clock: ReturnType<typeof setInterval> | undefined; // shows how long it takes, in silence too
  #saved = Date.now();
  #started = performance.now();
  #first = 0; // when the first word of anything came
  #answered = 0; // when that of the answer did
  #last = 0;

  constructor(message: Message, save: (message: Message) => Promise<void>) {
    this.#message = message;
    this.#save = save;
    this.text = message.content;
    delete message.reasoning;
    delete message.reasoningSeconds;
    delete message.reasoningLeftOut;
    delete message.agents;
  }

  add(text: string): void {
    this.text += text;
    this.#heard();
    this.#answered ||= this.#last;
    clearInterval(this.#clock);
  }

  addReasoning(text: string): void {
    this.#reasoning += text;
    if (this.#reasoning.length > mostReasoning + 4096) {
      const { text: kept, leftOut } = keepEnd(this.#reasoning, mostReasoning);
      this.#reasoning = kept;
      this.#reasoningLeftOut += leftOut;
    }
    this.#heard();
    this.#tick();
  }

  addProgress(progress: Progress): void {
    this.#progress.push(progress);
    this.#heard();
    this.#tick();
  }

  finish(): void {
    clearInterval(this.#clock);
    this.#put();
    if (this.tokens === 0) return;
    const seconds = (this.#last - this.#first) / 1000;
    this.#message.figures = {
      tokens: this.tokens,
      tokensPerSecond: this.tokens > 4 && seconds > 0 ? (this.tokens - 1) / seconds : null,
    };
  }

  #heard(): void {
    this.#last = performance.now();
    this.#first ||= this.#last;
    this.#schedule();
  }

  #tick(): void {
    if (!this.#answered) this.#clock ??= setInterval(() => this.#schedule(), 1000);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const show = () => {
      this.#scheduled = false;
      if (this.#message.state === 'streaming') this.#show();
    };
    // A hidden page paints no frames.
    if (document.hidden) setTimeout(show, 250);
    else requestAnimationFrame(show);
  }

  #show(): void {
    this.#put();
    if (Date.now() - this.#saved < saveInterval) return;
    this.#saved = Date.now();
    void this.#save(this.#message);
  }

  #put(): void {
    this.#message.content = this.text;
    this.#putAgents();
    if (this.#reasoning === '' && !this.#message.agents) return;
    if (this.#reasoning !== '') this.#message.reasoning = this.#reasoning;
    if (this.#reasoningLeftOut > 0) this.#message.reasoningLeftOut = this.#reasoningLeftOut;
    const until = this.#answered || performance.now();
    this.#message.reasoningSeconds = Math.round((until - this.#started) / 1000);
  }

  // In place: only what has changed is drawn again.
  #putAgents(): void {
    const heard = this.#progress;
    if (heard.length === 0) return;
    this.#progress = [];
    this.#message.agents ??= emptyView();
    const view = this.#message.agents;
    for (const progress of heard) advance(view, progress);
  }
}
