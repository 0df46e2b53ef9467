import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/**
 * Starts a file of this folder in a process of its own, out of reach of Ctrl+C. It ends by itself when its channel
 * closes, so it does not outlive the demo, however that ends.
 */
export function startChild(file: string, environment: NodeJS.ProcessEnv = {}): ChildProcess {
  const env = { ...process.env, ...environment };
  return fork(new URL(file, import.meta.url), { env, detached: true, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
}

/** Its next message. Rejects when it ends first. */
export async function nextMessage<Message>(child: ChildProcess): Promise<Message> {
  const stop = new AbortController();
  const { signal } = stop;
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`a process of the demo ended with exit code ${code}`);
  });
  try {
    const [message] = await Promise.race([once(child, 'message', { signal }), ended]);
    return message as Message;
  } finally {
    ended.catch(() => undefined);
    stop.abort();
  }
}

/** Resolves when it has ended after it was asked to. */
export async function endChild(child: ChildProcess, ask: (child: ChildProcess) => void): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  ask(child);
  await exit;
}
