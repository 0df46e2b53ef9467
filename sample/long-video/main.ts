import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { FilmService } from './film.service.js';

const scenes = ['A fox wakes up.', 'It folds a boat.', 'It sails.', 'A storm comes.', 'A lamp shines.', 'A fox lands.'];

const app = await NestFactory.create(AppModule);
app.enableShutdownHooks();
await app.listen(process.env['PORT'] ?? 3000);
await app.get(FilmService).start(scenes, process.argv[2] ?? 'fox');
