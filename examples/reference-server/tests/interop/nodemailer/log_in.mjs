// Logs in by the mechanisms for which the server keeps more than a hash, and fails to.
//
// Arguments: the port of the listener submissions, the server's certificate, and the password of the user
// postmaster.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import nodemailer from "nodemailer";

const [port, certificate, password] = process.argv.slice(2);
const tls = { ca: readFileSync(certificate), servername: "mail.example.org" };

for (const authMethod of ["CRAM-MD5", "PLAIN", "LOGIN"]) {
    const transport = (pass) =>
        nodemailer.createTransport({
            host: "127.0.0.1", port, secure: true, tls, authMethod, auth: { user: "postmaster", pass },
        });
    assert(await transport(password).verify());
    await assert.rejects(transport("secrez").verify(), { code: "EAUTH", responseCode: 535 });
}
console.log("all as it should be");
