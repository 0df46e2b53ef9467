import { Inject, Injectable, Logger } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { sampleSettings, type SampleSettings } from '../settings.js';

/** The password of `admin`: the one that was set, or one that is made at start and told once in the log. */
@Injectable()
export class AdminPassword {
  readonly value: string;

  constructor(@Inject(sampleSettings.KEY) { adminPassword }: SampleSettings) {
    this.value = adminPassword ?? randomBytes(12).toString('base64url');
    if (adminPassword !== undefined) return;
    new Logger('Admin').log(`SAMPLE_ADMIN_PASSWORD is not set. Log in to /admin/queues as admin with ${this.value}`);
  }
}
