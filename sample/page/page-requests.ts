import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { Type } from 'class-transformer';
import { MOST_SCENES } from '../films/storyboard.js';
import type { Decision, StartBatch, StartFilm, StartResearch } from './page-api.js';

const MOST_PROMPTS = 50_000;
const LONGEST_PROMPT = 2_000;
const MOST_ROWS = 500;

/** @see StartBatch */
export class StartBatchRequest implements StartBatch {
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MOST_PROMPTS)
  readonly prompts?: number;
}

/** @see StartFilm */
export class StartFilmRequest implements StartFilm {
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MOST_SCENES)
  @IsString({ each: true })
  @IsNotEmpty({ each: true })
  @MaxLength(LONGEST_PROMPT, { each: true })
  readonly scenes?: readonly string[];
}

/** @see StartResearch */
export class StartResearchRequest implements StartResearch {
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(LONGEST_PROMPT)
  readonly question?: string;
}

/** @see Decision */
export class DecisionRequest implements Decision {
  @IsBoolean()
  readonly approved!: boolean;
}

/** `{ on: boolean }` */
export class SwitchRequest {
  @IsBoolean()
  readonly on!: boolean;
}

/** Which result rows. */
export class ResultsQuery {
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(-1)
  readonly after: number = -1;

  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MOST_ROWS)
  readonly limit: number = 100;
}
