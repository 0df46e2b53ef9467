import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { endWithParent } from './process-end.js';
import { sampleSettings, type SampleSettings } from './settings.js';

const logger = new Logger('Sample');
// Pages that are open would keep the app from ending.
const app = await NestFactory.create<NestExpressApplication>(AppModule, { forceCloseConnections: true });
const { host, port } = app.get<SampleSettings>(sampleSettings.KEY);
app.disable('x-powered-by');
app.enableShutdownHooks();
endWithParent(() => app.close());
try {
  await app.listen(port, host);
} catch (error) {
  const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  logger.error(isTaken ? `Port ${port} of ${host} is in use. Set PORT to another.` : (error as Error).message);
  await app.close();
  process.exit(1);
}
const url = await app.getUrl();
logger.log(`The page is at ${url}`);
process.send?.({ listening: url });
