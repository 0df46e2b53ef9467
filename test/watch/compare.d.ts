export declare function changesBetween(expected: unknown, actual: unknown): string[];
