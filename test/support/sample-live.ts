import type { LiveMessages, WorkflowView } from '../../sample/page/page-api.js';
import { until } from './until.js';

type Name = keyof LiveMessages;

/** A page that is open: what it was told, in order. */
export class SampleLive {
  readonly #messages: { readonly name: Name; readonly data: unknown }[] = [];
  readonly #stop = new AbortController();
  readonly #taken = new Map<Name, number>();

  /** Resolves once it has the state. */
  static async open(origin: string): Promise<SampleLive> {
    const live = new SampleLive();
    void live.#read(origin).catch(() => undefined);
    await until(() => live.#messages.length > 0);
    return live;
  }

  async #read(origin: string): Promise<void> {
    const response = await fetch(`${origin}/api/live`, { signal: this.#stop.signal });
    let text = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const blocks = (text + chunk).split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) this.#add(block);
    }
  }

  #add(block: string): void {
    const [, name] = /^event: (.*)$/m.exec(block) ?? [];
    const [, data] = /^data: (.*)$/m.exec(block) ?? [];
    if (name !== undefined && data !== undefined) this.#messages.push({ name: name as Name, data: JSON.parse(data) });
  }

  /** The name of the first message. */
  get first(): Name | undefined {
    return this.#messages[0]?.name;
  }

  /** All messages of a name so far. */
  all<Of extends Name>(name: Of): LiveMessages[Of][] {
    return this.#messages.filter((message) => message.name === name).map(({ data }) => data as LiveMessages[Of]);
  }

  /** The next message of a name that was not taken yet. */
  async next<Of extends Name>(name: Of): Promise<LiveMessages[Of]> {
    const index = this.#taken.get(name) ?? 0;
    await until(() => this.all(name).length > index);
    this.#taken.set(name, index + 1);
    return this.all(name)[index]!;
  }

  /** A workflow as it was told last. */
  workflow(id: string): WorkflowView | undefined {
    return this.all('workflow').findLast((workflow) => workflow.id === id);
  }

  close(): void {
    this.#stop.abort();
  }
}
