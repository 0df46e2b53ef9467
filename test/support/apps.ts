import {
  Module,
  type INestApplication,
  type NestApplicationOptions,
  type Type,
  type ModuleMetadata,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AddressInfo } from 'node:net';

/** Servers for e2e tests. Each file loads only the adapters that it uses, because Jest loads modules anew for each file. */
export const ADAPTERS = [
  { adapter: 'Express', create: async () => new (await import('@nestjs/platform-express')).ExpressAdapter() },
  { adapter: 'Fastify', create: async () => new (await import('@nestjs/platform-fastify')).FastifyAdapter() },
] as const;

export type AdapterCase = (typeof ADAPTERS)[number];

export interface RunningApp {
  readonly app: INestApplication;
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
}

const running: INestApplication[] = [];

/** Starts a real app on a loopback port. `closeApps` closes it. */
export async function startApp(
  metadata: ModuleMetadata,
  {
    adapter,
    options,
    configure,
    port: wanted = 0,
  }: {
    adapter: AdapterCase;
    options?: NestApplicationOptions;
    configure?: (app: INestApplication) => void;
    port?: number;
  },
): Promise<RunningApp> {
  const app = await NestFactory.create<INestApplication>(moduleOf(metadata), await adapter.create(), {
    logger: false,
    abortOnError: false,
    ...options,
  });
  running.push(app);
  configure?.(app);
  await app.listen(wanted, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { app, origin: `http://127.0.0.1:${port}` };
}

/** For `afterEach`: no app outlives its test. */
export async function closeApps(): Promise<void> {
  await Promise.all(running.splice(0).map((app) => app.close()));
}

export function moduleOf(metadata: ModuleMetadata): Type {
  @Module(metadata)
  class AppModule {}
  return AppModule;
}
