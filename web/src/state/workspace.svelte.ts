// All conversations, the one that is open, and what is known of the server.
import { SvelteMap } from 'svelte/reactivity';
import { listModels } from '../api/client';
import { FailureError, unreachable, type Failure } from '../api/failure';
import { newId, type Conversation, type Message } from '../conversation/model';
import type { ConversationStore } from '../conversation/store';
import { Session, type Surroundings, type Unfinished } from './session.svelte';
import { settings } from './settings.svelte';

type Notice =
  { type: 'changed' | 'removed'; id: string } | { type: 'who answers' | 'i answer'; id: string };

const unsavedKey = 'helicon.unsaved';
const reconnectPause = 3000; // milliseconds
const claimPause = 200; // milliseconds another tab has to say that it is still answering

function emptyConversation(): Conversation {
  const now = Date.now();
  return { id: newId(), title: '', created: now, updated: now, leaf: null, model: null };
}

export class Workspace {
  conversations: Conversation[] = $state.raw([]); // newest first
  session: Session = $state.raw()!;
  models: string[] | null = $state.raw(null); // null: not known yet
  connection: Failure | null = $state.raw(null);
  readonly model = $derived(this.#chosenModel());

  #store: ConversationStore | null;
  #live = new SvelteMap<string, Session>(); // those being answered, open or not
  #channel = new BroadcastChannel('helicon');
  #removed = new Set<string>();
  #surroundings: Surroundings;
  #reconnect: ReturnType<typeof setTimeout> | undefined;

  constructor(store: ConversationStore | null) {
    this.#store = store;
    this.#surroundings = {
      save: (conversation, messages) => this.#save(conversation, messages),
      model: () => this.model,
      connection: (failure) => this.#heard(failure),
    };
    this.session = new Session(this.#surroundings, emptyConversation());
    this.#channel.onmessage = ({ data }: MessageEvent<Notice>) => void this.#notice(data);
  }

  // Without it nothing outlives the page: the browser keeps no database for it.
  get keeps(): boolean {
    return this.#store !== null;
  }

  async start(): Promise<void> {
    void this.refreshModels();
    window.addEventListener('pagehide', () => this.#rescue());
    await this.#adoptRescued();
    await this.#list();
  }

  // --- conversations ---

  startNew(): void {
    if (!this.session.isNew) this.session = new Session(this.#surroundings, emptyConversation());
  }

  // False: there is no such conversation.
  async open(id: string): Promise<boolean> {
    if (this.session.info.id === id) return true;
    const info = this.conversations.find((conversation) => conversation.id === id);
    if (!info) return false;
    const live = this.#live.get(id);
    this.session = live ?? (await this.#load(info));
    return true;
  }

  rename(id: string, title: string): void {
    const info = this.conversations.find((conversation) => conversation.id === id);
    if (!info || !title.trim()) return;
    const session = this.#sessionOf(id);
    if (session) session.info.title = title.trim();
    void this.#save(
      { ...(session ? $state.snapshot(session.info) : info), title: title.trim() },
      [],
    );
  }

  async remove(id: string): Promise<void> {
    this.#forget(id);
    await this.#store?.remove(id);
    this.#tell({ type: 'removed', id });
  }

  async removeAll(): Promise<void> {
    const ids = this.conversations.map(({ id }) => id);
    for (const id of ids) this.#forget(id);
    await this.#store?.clear();
    for (const id of ids) this.#tell({ type: 'removed', id });
  }

  // By title at once, by content where there is a store.
  async search(text: string): Promise<Conversation[]> {
    const needle = text.trim().toLocaleLowerCase();
    const within = (await this.#store?.search(needle)) ?? new Set();
    return this.conversations.filter(
      ({ id, title }) => title.toLocaleLowerCase().includes(needle) || within.has(id),
    );
  }

  isAnswering(id: string): boolean {
    return this.#sessionOf(id)?.answering ?? false;
  }

  // --- the server ---

  async refreshModels(): Promise<void> {
    try {
      this.models = await listModels();
      this.#heard(null);
    } catch (error) {
      this.#heard(error instanceof FailureError ? error.failure : unreachable);
    }
  }

  chooseModel(model: string): void {
    settings.model = model;
    this.session.info.model = model;
  }

  #chosenModel(): string | null {
    const known = (model: string | null) => model !== null && this.models?.includes(model);
    const of = this.session.info.model;
    if (known(of)) return of;
    return known(settings.model) ? settings.model : (this.models?.[0] ?? of);
  }

  #heard(failure: Failure | null): void {
    this.connection = failure;
    clearTimeout(this.#reconnect);
    if (failure) this.#reconnect = setTimeout(() => void this.refreshModels(), reconnectPause);
  }

  // --- keeping ---

  async #list(): Promise<void> {
    if (this.#store) this.conversations = await this.#store.list();
  }

  async #load(info: Conversation): Promise<Session> {
    const messages = (await this.#store?.messages(info.id)) ?? [];
    const session = new Session(this.#surroundings, { ...info }, messages);
    if (messages.some(({ state }) => state === 'streaming')) this.#claim(session);
    return session;
  }

  // An answer stored as growing grows in another tab, or has died with one.
  #claim(session: Session): void {
    const { id } = session.info;
    const asking = setTimeout(() => {
      const broken = session.messages.filter(({ state }) => state === 'streaming');
      if (session.answering) return;
      for (const message of broken) message.state = 'interrupted';
      void this.#store?.save($state.snapshot(session.info), $state.snapshot(broken));
    }, claimPause);
    const listen = ({ data }: MessageEvent<Notice>) => {
      if (data.type === 'i answer' && data.id === id) clearTimeout(asking);
    };
    this.#channel.addEventListener('message', listen);
    setTimeout(() => this.#channel.removeEventListener('message', listen), claimPause * 2);
    this.#tell({ type: 'who answers', id });
  }

  async #save(conversation: Conversation, messages: Message[]): Promise<void> {
    if (this.#removed.has(conversation.id)) return;
    const session = this.#sessionOf(conversation.id);
    if (session?.answering) this.#live.set(conversation.id, session);
    else this.#live.delete(conversation.id);
    const known = this.conversations.find(({ id }) => id === conversation.id);
    if (JSON.stringify(known) !== JSON.stringify(conversation)) {
      const others = this.conversations.filter(({ id }) => id !== conversation.id);
      this.conversations = [...others, conversation].sort((a, b) => b.updated - a.updated);
    }
    // A full disk must not end the answer; what is on the page stays there.
    await this.#store?.save(conversation, messages).catch((error) => console.error(error));
    this.#tell({ type: 'changed', id: conversation.id });
  }

  #forget(id: string): void {
    this.#removed.add(id);
    void this.#sessionOf(id)?.stop();
    this.#live.delete(id);
    this.conversations = this.conversations.filter((conversation) => conversation.id !== id);
    if (this.session.info.id === id) {
      this.session = new Session(this.#surroundings, emptyConversation());
    }
  }

  #sessionOf(id: string): Session | undefined {
    return this.session.info.id === id ? this.session : this.#live.get(id);
  }

  // Databases are too slow for a page that is being closed.
  #rescue(): void {
    const unfinished = [this.session, ...this.#live.values()].map((one) => one.unfinished());
    const kept = unfinished.filter((one) => one !== null);
    if (kept.length === 0) return;
    try {
      localStorage.setItem(unsavedKey, JSON.stringify(kept));
    } catch {
      // What was saved half a second ago is still there.
    }
  }

  async #adoptRescued(): Promise<void> {
    try {
      const text = localStorage.getItem(unsavedKey);
      if (text === null || !this.#store) return;
      for (const { conversation, answer } of JSON.parse(text) as Unfinished[]) {
        await this.#store.save(conversation, [answer]);
      }
    } catch (error) {
      console.error(error);
    } finally {
      localStorage.removeItem(unsavedKey);
    }
  }

  // --- other tabs ---

  #tell(notice: Notice): void {
    this.#channel.postMessage(notice);
  }

  async #notice(notice: Notice): Promise<void> {
    if (notice.type === 'who answers') {
      if (this.isAnswering(notice.id)) this.#tell({ type: 'i answer', id: notice.id });
    } else if (notice.type === 'removed') {
      this.#forget(notice.id);
    } else if (notice.type === 'changed') {
      await this.#list();
      if (this.session.info.id !== notice.id || this.session.answering) return;
      const info = this.conversations.find(({ id }) => id === notice.id);
      const messages = await this.#store?.messages(notice.id);
      if (!info || !messages || this.session.info.id !== notice.id) return;
      this.session.info = { ...info };
      this.session.messages = messages;
    }
  }
}
