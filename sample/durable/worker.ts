import { NestFactory } from '@nestjs/core';
import { WorkerModule } from './app.module.js';

const app = await NestFactory.createApplicationContext(WorkerModule);
app.enableShutdownHooks();
