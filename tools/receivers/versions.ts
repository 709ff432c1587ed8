// Every version of a receiver, and what shows that it is the very thing. What has a lock file of its own: the Collector in
// collector/go.sum, the test agent in ddapm.txt.

/** The versions, by the client that fetches them. */
export const VERSIONS = {
  /** Maven. The checksum beside a file in its registry proves only that the transfer went well. */
  zipkin: {
    artifact: 'io.zipkin:zipkin-server:3.6.1:jar:slim',
    file: 'zipkin-server-3.6.1-slim.jar',
    sha256: '981b1de6139b4f8f787a909c308028732f9713ae5284353d2a5aa404d1094775',
  },
  mavenDependencyPlugin: '3.8.1',
  /** Go, of its modules in collector/go.mod, each proven by collector/go.sum. */
  collector: '0.128.0',
  /** Go, proven with all its modules by Go's checksum database. */
  statsdExporter: '0.30.0',
  /** pip, of ddapm.txt, which has the hashes of it and of all that it needs. */
  ddapm: '1.61.1',
  /**
   * apt, proven by the signature of the distribution, whose version is what there is. These are the lines that the tests
   * are known to pass with; another one is taken too, and named by `npm run receivers`.
   */
  debian: {
    prometheus: '2.42',
    'prometheus-pushgateway': '1.5',
    'python3-prometheus-client': '0.16',
    'python3-decorator': '5.1',
  },
  /** The same, of the Chromium that apt installs. */
  chromium: '156',
} as const;
