import { applyDecorators, Controller, UseGuards, UsePipes, ValidationPipe } from '@nestjs/common';
import { JsonOnlyGuard } from './json-only.guard.js';

/** A controller of what the page calls: what it is sent is checked, and no other site can send it. */
export function PageApi(path: string): ClassDecorator {
  return applyDecorators(
    Controller(`api/${path}`),
    UseGuards(JsonOnlyGuard),
    UsePipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true })),
  );
}
