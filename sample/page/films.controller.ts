import { Body, Get, Inject, NotFoundException, Param, ParseUUIDPipe, Post, Res } from '@nestjs/common';
import { eq } from 'drizzle-orm';
import type { Response } from 'express';
import { resolve } from 'node:path';
import { DATABASE, type Database } from '../database/database.js';
import { films } from '../database/schema.js';
import { Films } from '../films/films.js';
import { STORYBOARD } from '../films/storyboard.js';
import { sampleSettings, type SampleSettings } from '../settings.js';
import { PageApi } from './page-api.decorator.js';
import { StartFilmRequest } from './page-requests.js';

@PageApi('films')
export class FilmsController {
  readonly #films: Films;
  readonly #database: Database;
  readonly #folder: string;

  constructor(
    workflow: Films,
    @Inject(DATABASE) database: Database,
    @Inject(sampleSettings.KEY) { filmsFolder }: SampleSettings,
  ) {
    this.#films = workflow;
    this.#database = database;
    this.#folder = resolve(filmsFolder);
  }

  @Post()
  async start(@Body() { scenes = STORYBOARD }: StartFilmRequest): Promise<{ id: string }> {
    return { id: await this.#films.begin(scenes) };
  }

  /** Express answers ranges, by which browsers play and seek. */
  @Get(':id/video')
  async video(@Param('id', ParseUUIDPipe) id: string, @Res() response: Response): Promise<void> {
    const [film] = await this.#database.select().from(films).where(eq(films.workflow, id));
    if (!film?.video) throw new NotFoundException('There is no such film, or it is not there yet.');
    const { video } = film;
    await new Promise<void>((sent, failed) => {
      response.sendFile(video, { root: this.#folder, dotfiles: 'allow' }, (error) => {
        if (!error || response.headersSent) sent();
        else failed(new NotFoundException('The film is not where it was put.'));
      });
    });
  }
}
