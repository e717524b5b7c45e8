/** A running edge, reached from this machine. */
export interface Edge {
  /** `http://127.0.0.1:PORT`. The Host header selects the site. */
  readonly url: string;
  readonly port: number;
  /** `https://127.0.0.1:PORT`. Without a certificate of the instance, the controller uses one that it makes itself. */
  readonly encryptedUrl: string;
  /** Ends the controller at once. Connections to `url` are reset while it is down. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** The controller's output. */
  readonly logFile: string;
}
