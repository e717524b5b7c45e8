import { generateKeyPairSync } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./commands";

const days = "365"; // a cluster lives for hours; long enough for a machine that was asleep

/** A certificate authority of this run alone, in a folder: `ca.crt` and `ca.key`. */
export interface Authority {
  readonly folder: string;
  /** PEM */
  readonly certificate: string;
  /** Writes `NAME.crt` and `NAME.key` into the folder. */
  issue(name: string, options: CertificateOptions): Promise<void>;
}

export interface CertificateOptions {
  /** As openssl writes it: `/CN=name/O=group`. Kubernetes takes CN for the user and O for the groups. */
  readonly subject: string;
  /** As openssl writes them: `IP:127.0.0.1`, `DNS:localhost`. */
  readonly alternativeNames?: readonly string[];
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]; // 20 times faster than RSA 2048

export async function makeAuthority(folder: string): Promise<Authority> {
  const certificate = join(folder, "ca.crt");
  const key = join(folder, "ca.key");
  const request = ["req", "-x509", "-days", days, ...newKey];
  await runCommand("openssl", [
    ...[...request, "-keyout", key, "-out", certificate, "-subj", "/CN=maintenance-pages-local"],
    ...["-addext", "keyUsage=critical,keyCertSign,cRLSign"],
  ]);
  return {
    folder,
    certificate: await readFile(certificate, "utf8"),
    async issue(name, { subject, alternativeNames = [] }) {
      const names = alternativeNames.length === 0 ? [] : ["-addext", `subjectAltName=${alternativeNames.join(",")}`];
      await runCommand("openssl", [
        ...[...request, "-CA", certificate, "-CAkey", key, "-subj", subject, ...names],
        ...["-addext", "basicConstraints=critical,CA:FALSE"],
        ...["-keyout", join(folder, `${name}.key`), "-out", join(folder, `${name}.crt`)],
      ]);
    },
  };
}

/** Writes the key pair that signs service account tokens: `service-accounts.key` and `service-accounts.pub`. */
export async function makeServiceAccountKeys(folder: string): Promise<void> {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  await writeFile(
    join(folder, "service-accounts.key"),
    privateKey.export({ type: "sec1", format: "pem" }), // the only form of EC keys that Kubernetes reads, besides PKCS #8
    { mode: 0o600 },
  );
  await writeFile(join(folder, "service-accounts.pub"), publicKey.export({ type: "spki", format: "pem" }));
}
