export interface NamedModel {
  readonly line: number;
  readonly name: string;
}
export declare const EMBEDDING_MODELS: readonly string[];
export declare function modelNamesIn(text: string): NamedModel[];
export declare function modelNamesOf(root: string): (NamedModel & { readonly file: string })[];
