// Sends the message on standard input in all the ways that nodemailer has, and one that is refused.
//
// Arguments: the ports of the listeners mx, submission and submissions, the server's certificate, and
// the password of the user postmaster.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import nodemailer from "nodemailer";

const [mx, submission, submissions, certificate, password] = process.argv.slice(2);
const raw = readFileSync(0);
const tls = { ca: readFileSync(certificate), servername: "mail.example.org" };
const always = { host: "127.0.0.1", name: "client.example", tls };
const user = (authMethod, pass = password) => ({ authMethod, auth: { user: "postmaster", pass } });
const envelope = { from: "sender@example.com", to: ["postmaster@example.org"], use8BitMime: true };

for (const options of [
    { port: mx, ignoreTLS: true },
    { port: mx, requireTLS: true },
    { port: submission, requireTLS: true, ...user("PLAIN") },
    { port: submission, requireTLS: true, ...user("LOGIN") },
    { port: submissions, secure: true, ...user("PLAIN") },
    { port: submissions, secure: true, pool: true, maxConnections: 1, ...user("LOGIN") },
]) {
    const transport = nodemailer.createTransport({ ...always, ...options });
    assert(await transport.verify());
    const sent = await transport.sendMail({ envelope, raw });
    assert.deepEqual(sent.accepted, ["postmaster@example.org"]);
    assert.match(sent.response, /^250 2\.0\.0 delivered, id /);
    transport.close();
}

const utf8 = nodemailer.createTransport({ ...always, port: mx });
await utf8.sendMail({ envelope: { ...envelope, from: "jörg@bücher.example" }, raw });

const stranger = nodemailer.createTransport({ ...always, port: mx });
await assert.rejects(stranger.sendMail({ envelope: { ...envelope, to: ["user@example.net"] }, raw }), {
    code: "EENVELOPE",
    responseCode: 550,
});
const both = { ...envelope, to: ["postmaster@example.org", "nobody@example.org"] };
const sent = await stranger.sendMail({ envelope: both, raw });
assert.deepEqual([sent.accepted, sent.rejected], [["postmaster@example.org"], ["nobody@example.org"]]);

const wrong = nodemailer.createTransport({ ...always, port: submissions, secure: true, ...user("PLAIN", "wrong") });
await assert.rejects(wrong.verify(), { code: "EAUTH", responseCode: 535 });

console.log("all as it should be");
