// Conversations on disk, in the browser's own database. Listing reads no messages, so that a
// thousand conversations open as quickly as ten.
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { Conversation, Message } from './model';

interface Schema extends DBSchema {
  conversations: { key: string; value: Conversation };
  messages: { key: string; value: Message; indexes: { conversation: string } };
}

export class ConversationStore {
  #database: IDBPDatabase<Schema>;

  private constructor(database: IDBPDatabase<Schema>) {
    this.#database = database;
  }

  static async open(name = 'helicon'): Promise<ConversationStore> {
    const database = await openDB<Schema>(name, 1, {
      upgrade(fresh) {
        fresh.createObjectStore('conversations', { keyPath: 'id' });
        const messages = fresh.createObjectStore('messages', { keyPath: 'id' });
        messages.createIndex('conversation', 'conversation');
      },
      // A later version of the page, open in another tab, must not wait for this one.
      blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
    });
    return new ConversationStore(database);
  }

  // Newest first.
  async list(): Promise<Conversation[]> {
    const conversations = await this.#database.getAll('conversations');
    return conversations.sort((a, b) => b.updated - a.updated);
  }

  async messages(conversation: string): Promise<Message[]> {
    return this.#database.getAllFromIndex('messages', 'conversation', conversation);
  }

  async save(conversation: Conversation, messages: readonly Message[]): Promise<void> {
    const transaction = this.#database.transaction(['conversations', 'messages'], 'readwrite');
    const writes: Promise<unknown>[] = messages.map((message) =>
      transaction.objectStore('messages').put(message),
    );
    writes.push(transaction.objectStore('conversations').put(conversation));
    await Promise.all([...writes, transaction.done]);
  }

  async remove(conversation: string): Promise<void> {
    const transaction = this.#database.transaction(['conversations', 'messages'], 'readwrite');
    await transaction.objectStore('conversations').delete(conversation);
    const index = transaction.objectStore('messages').index('conversation');
    for (
      let cursor = await index.openCursor(conversation);
      cursor;
      cursor = await cursor.continue()
    )
      await cursor.delete();
    await transaction.done;
  }

  async clear(): Promise<void> {
    const transaction = this.#database.transaction(['conversations', 'messages'], 'readwrite');
    await transaction.objectStore('conversations').clear();
    await transaction.objectStore('messages').clear();
    await transaction.done;
  }

  // The conversations in which a message holds the text, whatever its case.
  async search(text: string): Promise<Set<string>> {
    const needle = text.toLocaleLowerCase();
    const found = new Set<string>();
    for (const message of await this.#database.getAll('messages')) {
      if (!found.has(message.conversation) && message.content.toLocaleLowerCase().includes(needle))
        found.add(message.conversation);
    }
    return found;
  }
}
