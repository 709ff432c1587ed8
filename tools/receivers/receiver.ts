/** Software that others wrote, which takes what an exporter sends and gives it back. */
export interface Receiver<Options, Running extends Stoppable> {
  /** As on the command line: 'zipkin'. */
  readonly name: string;
  /** One line: what it is, its version, and what it proves. */
  readonly proves: string;
  /**
   * Puts it into the cache folder, or does nothing when it is there. May be interrupted at any moment and started again,
   * and run beside another of itself: what is half done never counts as installed.
   */
  install(): Promise<void>;
  /** Why it cannot be started here, or undefined when it can. Quick, and changes nothing. */
  missing(): Promise<string | undefined>;
  /** Which version is there, of one whose version is not ours to choose. */
  found?(): Promise<string>;
  /** Starts one of its own on free ports of 127.0.0.1 and resolves when it takes data. */
  start(options: Options): Promise<Running>;
}

/** What runs until it is stopped; it also ends with this process. */
export interface Stoppable {
  stop(): Promise<void>;
}

/** A receiver of which nothing but its name, claim and installation is asked. */
export type Installable = Pick<Receiver<never, Stoppable>, 'name' | 'proves' | 'install' | 'missing' | 'found'>;
