import type { INestApplication, MiddlewareConsumer, NestModule, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';

export type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => unknown;

/**
 * Creates a middleware that records each request after its response has been sent, as morgan does.
 *
 * @param name prefix of each entry
 */
export function accessLog(name: string, entries: string[]): Middleware {
  return (request, response, next) => {
    const { method } = request;
    // A router shortens `url` for its middleware.
    const url = (request as { originalUrl?: string }).originalUrl ?? request.url;
    response.once('finish', () =>
      entries.push(`${name}: ${method} ${url} ${request.headers['content-type']} ${response.statusCode}`),
    );
    next();
  };
}

/** Creates a module whose `configure()` installs a middleware on every route. */
export function middlewareModule(middleware: Middleware): Type<NestModule> {
  return class MiddlewareModule implements NestModule {
    configure(consumer: MiddlewareConsumer) {
      consumer.apply(middleware).forRoutes('{*path}');
    }
  };
}

/** Records responses in Fastify's `onResponse` hook. */
export function noteOnResponse(app: INestApplication, name: string, entries: string[]): void {
  (app as NestFastifyApplication)
    .getHttpAdapter()
    .getInstance()
    .addHook('onResponse', (request, reply, done) => {
      entries.push(`${name}: ${request.method} ${request.url} ${request.headers['content-type']} ${reply.statusCode}`);
      done();
    });
}
