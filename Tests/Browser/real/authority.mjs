/** An authority of this machine, a certificate of its for the gateway and for pages, and browsers that trust it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class Authority {
  #folder = mkdtempSync(join(tmpdir(), 'tidegate-authority-'));

  constructor() {
    execFileSync('Tests/certificates', [this.#folder]);
  }

  get certificate() {
    return join(this.#folder, 'server.pem');
  }

  get key() {
    return join(this.#folder, 'server.key');
  }

  /** For a server of Node's. */
  get pair() {
    return { cert: readFileSync(this.certificate), key: readFileSync(this.key) };
  }

  /** @param {string} folder a database that a browser reads: Firefox its profile's, Chromium `.pki/nssdb` in the home folder */
  enterInto(folder) {
    mkdirSync(folder, { recursive: true });
    execFileSync('certutil', ['-A', '-d', `sql:${folder}`, '-t', 'C,,', '-n', 'authority', '-i', join(this.#folder, 'ca.pem')]);
  }

  remove() {
    rmSync(this.#folder, { recursive: true });
  }
}
