import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { RequestHandler } from 'express';
import { bullBoard } from './board.js';
import { BOARD_POLICY, jsonOnly, login, PAGE_POLICY, sameOrigin, securityHeaders } from './security.js';
import { BOARD_PATH, WEBHOOK_PATH, type ShowcaseSettings } from './settings.js';
import { ShowcaseModule } from './showcase.module.js';

/** Starts the showcase. @param address where it listens, a port included */
export async function startApp(settings: ShowcaseSettings, address: string): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(ShowcaseModule.with(settings), {
    // The simulator sends no webhooks for videos, about which the package would warn.
    logger: settings.simulator ? ['error', 'fatal'] : ['warn', 'error', 'fatal'],
    abortOnError: false,
    // An open page would keep the app from closing.
    forceCloseConnections: true,
  });
  const board = bullBoard(settings.databaseUrl);
  const askLogin = login(settings.adminPassword);
  app.disable('x-powered-by');
  app.use(securityHeaders(PAGE_POLICY));
  app.use(BOARD_PATH, securityHeaders(BOARD_POLICY), askLogin, sameOrigin, ...board.handlers);
  app.use('/api', sameOrigin, jsonOnly);
  // What the page starts costs money at the real API. Gemini itself logs in by its signature.
  if (!settings.simulator) {
    const askOthers: RequestHandler = (request, response, next) =>
      request.path === `/${WEBHOOK_PATH}` ? next() : askLogin(request, response, next);
    app.use(askOthers);
  }
  const { hostname, port } = new URL(address);
  const close = app.close.bind(app);
  app.close = async () => {
    await Promise.all([close(), board.close()]);
  };
  await app.listen(port, hostname);
  return app;
}
