/** A refusal of the gateway, or a failure of the client: a code of the protocol and a sentence. */
export class GateError extends Error {
  /**
   * @param {string} code `invalid_topic`, `forbidden`, `rate_limited`, … (docs/protocol.md, section 7); `unreachable` is the client's own
   * @param {string} message
   * @param {any} [version] with `conflict`
   */
  constructor(code, message, version) {
    super(message);
    this.name = 'GateError';
    /** @type {string} */
    this.code = code;
    /** @type {number | undefined} with `conflict`: the version that the topic has; 0: there is no such topic */
    this.version = typeof version === 'number' ? version : undefined;
  }
}
