import { Controller, Get, Inject, type Type } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule, type HealthCheckResult } from '@nestjs/terminus';
import { GeminiWebhooksHealth, getGeminiToken, type GeminiHealth } from '../../lib/index.js';
import type { GeminiHealthOptions } from '../../lib/index.js';

/** Terminus, silent: it logs each failed check. */
export const TERMINUS = TerminusModule.forRoot({ logger: false });

/** The route `GET /health` as an app has it, with limits that the test may change. */
export function healthController(limits: () => GeminiHealthOptions = () => ({}), names = ['default']): Type[] {
  return names.map((name) => {
    @Controller('health')
    class HealthController {
      constructor(
        @Inject(HealthCheckService) readonly health: HealthCheckService,
        @Inject(getGeminiToken(GeminiWebhooksHealth, name)) readonly gemini: GeminiWebhooksHealth,
      ) {}

      @Get(name)
      @HealthCheck()
      check(): Promise<HealthCheckResult> {
        return this.health.check([() => this.gemini.check(limits())]);
      }
    }
    return HealthController;
  });
}

/** Result of `GET /health/<name>`: Terminus' status and the details of our indicator. */
export async function healthOf(
  origin: string,
  name = 'default',
): Promise<{ readonly status: number; readonly gemini: GeminiHealth | undefined; readonly text: string }> {
  const response = await fetch(`${origin}/health/${name}`);
  const text = await response.text();
  const { details } = JSON.parse(text) as { details?: Record<string, GeminiHealth> };
  const key = name === 'default' ? 'gemini-webhooks' : `gemini-webhooks-${name}`;
  return { status: response.status, gemini: details?.[key], text };
}
