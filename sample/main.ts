import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { endWithParent } from './process-end.js';
import { sampleSettings, type SampleSettings } from './settings.js';

// Pages that are open would keep the app from ending.
const app = await NestFactory.create<NestExpressApplication>(AppModule, { forceCloseConnections: true });
const { host, port } = app.get<SampleSettings>(sampleSettings.KEY);
app.disable('x-powered-by');
app.enableShutdownHooks();
endWithParent(() => app.close());
await app.listen(port, host);
const url = await app.getUrl();
new Logger('Sample').log(`The page is at ${url}`);
process.send?.({ listening: url });
