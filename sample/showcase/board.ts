import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import { createPostgresBackend, Queue, withBackend } from 'bullmq';
import type { RequestHandler } from 'express';
import { BOARD_PATH, QUEUE } from './settings.js';

const FONT_LINK = /<link [^>]*fonts\.googleapis\.com[^>]*>/;
const { Queue: PostgresQueue } = withBackend(createPostgresBackend);

/** Bull Board over the inbox and the tracked jobs. @returns its handlers, and what closes its connections */
export function bullBoard(connectionString: string): { handlers: RequestHandler[]; close: () => Promise<void> } {
  const connection = { connectionString, max: 2, migrate: true };
  const queues = [QUEUE, `${QUEUE}-jobs`].map((name) => new PostgresQueue(name, { connection }) as unknown as Queue);
  for (const queue of queues) queue.on('error', () => undefined);
  const serverAdapter = new ExpressAdapter().setBasePath(BOARD_PATH);
  // The packages' types are of different releases.
  const options = { queues: queues.map((queue) => new BullMQAdapter(queue)), serverAdapter } as unknown;
  createBullBoard(options as Parameters<typeof createBullBoard>[0]);
  return {
    handlers: [withoutForeignFont, serverAdapter.getRouter() as RequestHandler],
    close: async () => void (await Promise.all(queues.map((queue) => queue.close()))),
  };
}

/** Bull Board's page links a font of another site, which the page's policy blocks. The browser's own font is used. */
const withoutForeignFont: RequestHandler = (_request, response, next) => {
  const send = response.send.bind(response);
  response.send = (body: unknown) => send(typeof body === 'string' ? body.replace(FONT_LINK, '') : body);
  next();
};
