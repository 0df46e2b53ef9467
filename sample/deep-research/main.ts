import { NestFactory } from '@nestjs/core';
import { createInterface } from 'node:readline/promises';
import { AppModule } from './app.module.js';
import { ResearchService } from './research.service.js';

const [run = 'tides'] = process.argv.slice(2);

const app = await NestFactory.create(AppModule);
app.enableShutdownHooks();
await app.listen(process.env['PORT'] ?? 3000);
const research = app.get(ResearchService);
const planning = await research.start('How did people predict tides before computers?', run);
const { resource } = await planning.completed();
const terminal = createInterface(process.stdin, process.stdout);
const answer = await terminal.question('Approve the plan? [y/N] ');
terminal.close();
if (answer === 'y') await research.approve(run, resource!.name);
else await research.decline(resource!.name).then(() => app.close());
