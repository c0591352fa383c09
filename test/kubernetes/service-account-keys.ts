import { generateKeyPairSync } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface ServiceAccountKeys {
  /** Path of the key that signs tokens. */
  signing: string;
  /** Path of the one that checks them. */
  checking: string;
}

/** Keys for tokens of service accounts; what is there already is used again. */
export function serviceAccountKeys(folder: string): ServiceAccountKeys {
  const keys = {
    signing: join(folder, "service-accounts.key"),
    checking: join(folder, "service-accounts.pub"),
  };
  if (existsSync(keys.signing)) return keys;
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writeFileSync(keys.checking, publicKey.export({ type: "spki", format: "pem" }));
  writeFileSync(keys.signing, privateKey.export({ type: "pkcs1", format: "pem" }), { mode: 0o600 });
  return keys;
}
