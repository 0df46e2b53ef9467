import { Module } from '@nestjs/common';
import { WorkflowsModule } from '../workflows/workflows.module.js';
import { FilmCut } from './film-cut.js';
import { Films } from './films.js';

@Module({ imports: [WorkflowsModule], providers: [Films, FilmCut], exports: [Films, FilmCut] })
export class FilmsModule {}
