import { Injectable, UnsupportedMediaTypeException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';

/**
 * What changes something must be JSON by its content type. A browser lets no page of another site send that without
 * asking first, and this app allows none.
 */
@Injectable()
export class JsonOnlyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { method, headers } = context.switchToHttp().getRequest<Request>();
    const [type = ''] = (headers['content-type'] ?? '').split(';');
    if (method === 'GET' || type.trim().toLowerCase() === 'application/json') return true;
    throw new UnsupportedMediaTypeException('Send it with content-type: application/json.');
  }
}
