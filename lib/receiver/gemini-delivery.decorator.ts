import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { VerifiedDelivery } from '../events/verified-delivery.js';
import { keptFor } from './kept.js';

/** The verified delivery, as the parameter decorator of the same name gives it. */
export type GeminiDelivery = VerifiedDelivery;

/** What the guard has verified; an `Error` where it stands on no such route. */
export function deliveryOf(request: object): VerifiedDelivery {
  const delivery = keptFor(request)?.delivery;
  if (delivery) return delivery;
  throw new Error(
    '@GeminiDelivery() gives what GeminiSignatureGuard verified: put @UseGuards(GeminiSignatureGuard) on the route.',
  );
}

/**
 * The verified delivery, on a route with `GeminiSignatureGuard`.
 *
 * @example
 * @Post('hooks/gemini')
 * @UseGuards(GeminiSignatureGuard)
 * receive(@GeminiDelivery() delivery: GeminiDelivery) {
 *   return this.inbox.accept(delivery);
 * }
 */
export const GeminiDelivery = createParamDecorator((_data: unknown, context: ExecutionContext): VerifiedDelivery =>
  deliveryOf(context.switchToHttp().getRequest<object>()),
);
