/** A refusal of the gateway, or a failure of the client: a code of the protocol and a sentence. */
export class GateError extends Error {
  /**
   * @param {string} code `invalid_topic`, `forbidden`, `rate_limited`, … (docs/protocol.md, section 7); `unreachable` is the client's own
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.name = 'GateError';
    /** @type {string} */
    this.code = code;
    /** @type {number | undefined} with `conflict`: the version that the topic has; 0: there is no such topic */
    this.version = undefined;
  }

  /**
   * What the gateway said.
   * @param {string} code
   * @param {string} message
   * @param {any} version
   */
  static of(code, message, version) {
    const error = new GateError(code, message);
    if (typeof version === 'number') error.version = version;
    return error;
  }
}
