import {
  BadRequestException,
  Body,
  ConflictException,
  Controller,
  Get,
  HttpCode,
  Logger,
  NotFoundException,
  Param,
  ParseIntPipe,
  ParseUUIDPipe,
  Post,
  Put,
  Res,
} from '@nestjs/common';
import type { Response } from 'express';
import { join } from 'node:path';
import { BatchService } from '../batch/batch.service.js';
import { ResearchService } from '../deep-research/research.service.js';
import { FilmService } from '../long-video/film.service.js';
import { Faults } from './faults.js';
import { FAULT_NAMES, type FaultName, type StartRun } from './page-api.js';
import { batchPrompts, STORYBOARD } from './prompts.js';
import { Runs } from './runs.js';
import { ShowcaseSettings } from './settings.js';

const MAX_PROMPTS = 50_000;
const MAX_QUESTION_LENGTH = 2_000;
const PUBLIC_FOLDER = join(import.meta.dirname, 'public');

/** The page, and what its buttons call. */
@Controller()
export class PageController {
  private readonly logger = new Logger('Page');

  constructor(
    private readonly runs: Runs,
    private readonly batches: BatchService,
    private readonly films: FilmService,
    private readonly research: ResearchService,
    private readonly faults: Faults,
    private readonly settings: ShowcaseSettings,
  ) {}

  @Get()
  page(@Res() response: Response): Promise<void> {
    return sendFile(response, PUBLIC_FOLDER, 'index.html');
  }

  @Get('assets/:file')
  asset(@Param('file') file: string, @Res() response: Response): Promise<void> {
    return sendFile(response, PUBLIC_FOLDER, file);
  }

  /** Returns once the run is recorded. Gemini is asked in the background: an upload may take a while. */
  @Post('api/runs')
  async start(@Body() body: Partial<StartRun> = {}): Promise<{ id: string }> {
    const [id, sent, start] = await this.prepare(body);
    void start().then(
      () => this.runs.addEntry(id, { kind: 'sent', text: sent }),
      (error: Error) => this.failed(id, error),
    );
    return { id };
  }

  @Post('api/runs/:id/decision')
  @HttpCode(204)
  async decide(
    @Param('id', ParseUUIDPipe) id: string,
    @Body() { approved }: { approved?: unknown } = {},
  ): Promise<void> {
    if (typeof approved !== 'boolean') throw new BadRequestException('approved: give true or false.');
    const run = await this.runs.get(id);
    const [status, failure] = approved ? (['running', null] as const) : (['failed', 'The plan was declined.'] as const);
    // The first decision counts.
    const isFirst = run?.kind === 'research' && (await this.runs.setStatus(id, status, failure, 'waiting'));
    if (!isFirst) throw new ConflictException('No plan waits for a decision.');
    await this.runs.addEntry(id, { kind: 'note', text: approved ? 'The plan is approved.' : 'The plan is declined.' });
    const plan = run.details.planId!;
    try {
      if (!approved) return await this.research.decline(plan);
      await this.research.approve(id, plan);
      await this.runs.addEntry(id, { kind: 'sent', text: 'the approval, for a report' });
    } catch (error) {
      await this.failed(id, error as Error);
    }
  }

  /** Supports ranges, which browsers need to seek. */
  @Get('api/runs/:id/videos/:part')
  video(
    @Param('id', ParseUUIDPipe) id: string,
    @Param('part', ParseIntPipe) part: number,
    @Res() response: Response,
  ): Promise<void> {
    return sendFile(response, this.settings.filmsFolder, `${id}-${part}.mp4`);
  }

  @Put('api/fault')
  @HttpCode(204)
  setFault(@Body() { fault }: { fault?: unknown } = {}): void {
    if (fault !== null && !FAULT_NAMES.includes(fault as FaultName)) {
      throw new BadRequestException(`fault: give null or one of ${FAULT_NAMES.join(', ')}.`);
    }
    this.faults.set(fault as FaultName | null);
  }

  private async prepare(body: Partial<StartRun>): Promise<[id: string, sent: string, start: () => Promise<unknown>]> {
    if (body.kind === 'batch') {
      const prompts = wholeNumber('prompts', body.prompts, MAX_PROMPTS);
      const title = prompts === 1 ? '1 prompt' : `${prompts.toLocaleString('en')} prompts`;
      const id = await this.runs.create('batch', title, { prompts, good: 0, failed: 0, rows: [] });
      return [id, `a batch of ${title}`, () => this.batches.start(batchPrompts(prompts), id)];
    }
    if (body.kind === 'film') {
      const prompts = STORYBOARD.slice(0, wholeNumber('scenes', body.scenes, STORYBOARD.length));
      const scenes = prompts.map((prompt) => ({ prompt, status: 'planned' as const }));
      const title = `A film of ${prompts.length} scene${prompts.length === 1 ? '' : 's'}`;
      const id = await this.runs.create('film', title, { scenes, videos: 0 });
      return [id, 'the storyboard, scene by scene', () => this.films.start(prompts, id)];
    }
    if (body.kind === 'research') {
      const { question } = body;
      if (typeof question !== 'string' || question.trim() === '' || question.length > MAX_QUESTION_LENGTH) {
        throw new BadRequestException(`question: give a text of at most ${MAX_QUESTION_LENGTH} characters.`);
      }
      const id = await this.runs.create('research', question, { plan: null, planId: null, report: null });
      return [id, 'the question, for a plan', () => this.research.start(question, id)];
    }
    throw new BadRequestException('kind: give batch, film or research.');
  }

  private async failed(id: string, error: Error): Promise<void> {
    this.logger.warn(error.message);
    await this.runs.setStatus(id, 'failed', error.message);
  }
}

function wholeNumber(name: string, given: unknown, max: number): number {
  if (typeof given === 'number' && Number.isSafeInteger(given) && given >= 1 && given <= max) return given;
  throw new BadRequestException(`${name}: give a whole number from 1 to ${max}.`);
}

function sendFile(response: Response, root: string, file: string): Promise<void> {
  const headers = { 'cache-control': 'no-cache' };
  return new Promise((resolve, reject) => {
    response.sendFile(file, { root, cacheControl: false, dotfiles: 'allow', headers }, (error) => {
      if (!error || response.headersSent) resolve();
      else reject(new NotFoundException(`${file} does not exist.`));
    });
  });
}
