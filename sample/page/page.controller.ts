import { Controller, Get, NotFoundException, Param, Res } from '@nestjs/common';
import type { Response } from 'express';
import { join } from 'node:path';
import { SAMPLE_FOLDER } from '../sample-folder.js';

const PUBLIC_FOLDER = join(SAMPLE_FOLDER, 'page', 'public');

/** The page and its parts: plain files, as they were written. */
@Controller()
export class PageController {
  @Get()
  page(@Res() response: Response): Promise<void> {
    return send(response, 'index.html');
  }

  @Get('assets/*path')
  asset(@Param('path') path: string[], @Res() response: Response): Promise<void> {
    return send(response, path.join('/'));
  }
}

/** `root` is what no path leads out of. */
function send(response: Response, file: string): Promise<void> {
  return new Promise((resolve, reject) => {
    response.sendFile(
      file,
      { root: PUBLIC_FOLDER, cacheControl: false, headers: { 'cache-control': 'no-cache' } },
      (error) => {
        // Whoever asked has gone, or has got what was sent so far.
        if (!error || response.headersSent) resolve();
        else reject(new NotFoundException(`There is no ${file}.`));
      },
    );
  });
}
