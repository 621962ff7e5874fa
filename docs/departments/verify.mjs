// Is this message from the hotline? With Node's standard library alone.
import { createHmac, timingSafeEqual } from "node:crypto";

// Whether a message was signed with one of your secrets, within the last five minutes. `headers` have names in small
// letters, as Node gives them; `body` is a Buffer of the bytes as they came, before anything has read them.
export function verified(secrets, headers, body) {
  const id = headers["webhook-id"];
  const sent = headers["webhook-timestamp"];
  if (!id || !/^\d+$/.test(sent ?? "") || Math.abs(Date.now() / 1000 - Number(sent)) > 300) return false;
  const given = (headers["webhook-signature"] ?? "").split(" ");
  return secrets.some((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
    const own = Buffer.from("v1," + createHmac("sha256", key).update(`${id}.${sent}.`).update(body).digest("base64"));
    return given.map((one) => Buffer.from(one)).some((one) => one.length === own.length && timingSafeEqual(one, own));
  });
}
