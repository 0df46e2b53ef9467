import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';

/** A guard that refuses every route whose controller is not marked as public. */
@Injectable()
export class PublicOnly implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    return this.reflector.get<boolean>('isPublic', context.getClass()) ?? false;
  }
}
