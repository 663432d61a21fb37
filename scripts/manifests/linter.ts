/** A target as kustomize renders it. */
export interface Rendered {
  readonly name: string
  /** A YAML file of all its objects. */
  readonly file: string
  readonly objects: readonly unknown[]
}

/** What a tool finds wrong with one object. */
export interface Finding {
  readonly target: string
  /** `Deployment llm-gateway` */
  readonly object: string
  /** The tool's own name of the rule. */
  readonly rule: string
  readonly text: string
}

/** A tool that looks at manifests. It looks at all targets at once, because starting it may take long. */
export interface Linter {
  readonly name: string
  find(rendered: readonly Rendered[]): Promise<readonly Finding[]>
}

/** A tool that broke off, or said what is not understood here: nothing is known of the manifests. */
export class LinterError extends Error {}
