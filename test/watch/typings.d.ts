export declare function typingsOf(folder: string): string;
export declare function factsOf(typings: string): Record<string, readonly string[]>;
export declare function listedModels(typings: string): Set<string>;
