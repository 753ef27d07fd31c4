import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Conversation, Message } from './model';
import { ConversationStore } from './store';

let store: ConversationStore;
let number = 0;

beforeEach(async () => {
  store = await ConversationStore.open(`test-${++number}`);
});

function conversation(id: string, updated = 1): Conversation {
  return { id, title: `Title ${id}`, created: 1, updated, leaf: null, model: null };
}

function message(id: string, of: string, content: string): Message {
  return {
    id,
    conversation: of,
    parent: null,
    role: 'user',
    content,
    created: 1,
    state: 'complete',
  };
}

describe('ConversationStore', () => {
  it('keeps conversations and their messages apart', async () => {
    await store.save(conversation('a', 1), [message('1', 'a', 'x'), message('2', 'a', 'y')]);
    await store.save(conversation('b', 2), [message('3', 'b', 'z')]);
    expect((await store.list()).map(({ id }) => id)).toEqual(['b', 'a']);
    expect((await store.messages('a')).map(({ id }) => id)).toEqual(['1', '2']);
    expect(await store.messages('none')).toEqual([]);
  });

  it('replaces a message that has grown', async () => {
    await store.save(conversation('a'), [message('1', 'a', 'half')]);
    await store.save(conversation('a'), [message('1', 'a', 'half and whole')]);
    expect((await store.messages('a')).map(({ content }) => content)).toEqual(['half and whole']);
  });

  it('removes a conversation with all its messages, and no others', async () => {
    await store.save(conversation('a'), [message('1', 'a', 'x'), message('2', 'a', 'y')]);
    await store.save(conversation('b'), [message('3', 'b', 'z')]);
    await store.remove('a');
    expect((await store.list()).map(({ id }) => id)).toEqual(['b']);
    expect(await store.messages('a')).toEqual([]);
    expect(await store.messages('b')).toHaveLength(1);
    await store.clear();
    expect(await store.list()).toEqual([]);
    expect(await store.search('z')).toEqual(new Set());
  });

  it('finds text in messages, whatever its case', async () => {
    await store.save(conversation('a'), [message('1', 'a', 'The Čapek brothers')]);
    await store.save(conversation('b'), [message('2', 'b', 'Nothing here')]);
    expect(await store.search('čAPEK')).toEqual(new Set(['a']));
    expect(await store.search('no such')).toEqual(new Set());
  });

  it('holds what was saved when it is opened again', async () => {
    await store.save(conversation('a'), [message('1', 'a', 'x')]);
    const again = await ConversationStore.open(`test-${number}`);
    expect(await again.messages('a')).toHaveLength(1);
  });
});
