import { jest } from '@jest/globals';

/** Installing, compiling and booting apps takes its time. */
export const PATIENCE_MS = 300_000;

// Jest has no such setting for one of several projects.
jest.setTimeout(PATIENCE_MS);
