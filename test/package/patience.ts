import { jest } from '@jest/globals';

// Installing, compiling and booting apps takes its time. Jest has no such setting for one of several projects.
jest.setTimeout(300_000);
