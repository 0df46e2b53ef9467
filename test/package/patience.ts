import { jest } from '@jest/globals';

// Installing, compiling and starting apps is slow, and Jest has no timeout setting for a single project.
jest.setTimeout(300_000);
