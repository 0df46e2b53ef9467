import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { endWithParent } from './process-end.js';
import { WorkerModule } from './worker.module.js';

const worker = await NestFactory.createApplicationContext(WorkerModule);
worker.enableShutdownHooks();
endWithParent(() => worker.close());
new Logger('Sample').log('The worker handles events');
process.send?.({ ready: true });
