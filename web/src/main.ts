import '@fontsource-variable/inter';
import '@fontsource-variable/jetbrains-mono';
import { mount } from 'svelte';
import App from './App.svelte';
import { ConversationStore } from './conversation/store';
import { Workspace } from './state/workspace.svelte';
import './styles/tokens.css';
import './styles/base.css';
import './styles/markdown.css';

// Null where the browser keeps no data for this page; it then works for as long as it is open.
const store = await ConversationStore.open().catch(() => null);
const workspace = new Workspace(store);
await workspace.start();
mount(App, { target: document.getElementById('app')!, props: { workspace } });
