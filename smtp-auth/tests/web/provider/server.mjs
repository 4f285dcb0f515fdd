// An authorization server: oidc-provider, with a client that gets tokens and one that asks about them.
//
// Prints its issuer. For each line on its standard input it prints one: `token RESOURCE SCOPE` gets a
// token, `revoke TOKEN` revokes one, `rotate` changes the keys.
import { generateKeyPairSync } from 'node:crypto';
import { createServer, request } from 'node:http';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

import { Provider } from 'oidc-provider';

// What the library has to say is nobody's answer.
console.info = console.error;

function makeKeys(generation) {
  const make = (alg, kind, options) => ({
    ...generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' }),
    alg,
    use: 'sig',
    kid: `${alg}-${generation}`,
  });
  return [
    make('RS256', 'rsa', { modulusLength: 2048 }),
    make('ES256', 'ec', { namedCurve: 'P-256' }),
    make('EdDSA', 'ed25519'),
  ];
}

function makeProvider(issuer, generation) {
  const provider = new Provider(issuer, {
    jwks: { keys: makeKeys(generation) },
    clients: [
      client('mail-program', ['client_credentials']),
      client('smtp server', []),
    ],
    scopes: ['mail.send', 'mail.read'],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => {
          const [, audience, format] = /^https:\/\/([^/]+)\/(.*)$/.exec(resource);
          const jwt = { sign: { alg: format } };
          return {
            scope: 'mail.send mail.read',
            audience,
            ...(format === 'opaque' ? { accessTokenFormat: 'opaque' } : { accessTokenFormat: 'jwt', jwt }),
          };
        },
      },
    },
    extraTokenClaims: () => ({ email: 'alice@example.org' }),
  });
  provider.on('server_error', (_, error) => console.error(error));
  return provider.callback();
}

function client(id, grants) {
  return {
    client_id: id,
    client_secret: 'a secret: of & more',
    grant_types: grants,
    redirect_uris: [],
    response_types: [],
  };
}

const escape = (value) => new URLSearchParams({ a: value }).toString().slice(2);
const credentials = (id) => Buffer.from(`${escape(id)}:${escape('a secret: of & more')}`).toString('base64');

// A connection for each: none is kept that either side may be closing just then.
function post(path, form) {
  const headers = {
    authorization: `Basic ${credentials('mail-program')}`,
    'content-type': 'application/x-www-form-urlencoded',
  };
  const asked = request(`${issuer}${path}`, { method: 'POST', headers, agent: false });
  return new Promise((resolve, reject) => {
    asked.on('response', (response) => resolve(text(response)));
    asked.on('error', reject);
    asked.end(new URLSearchParams(form).toString());
  });
}

let generation = 1;
let answer = () => {};
const server = createServer((request, response) => answer(request, response));
await new Promise((resolve) => server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;
answer = makeProvider(issuer, generation);
console.log(issuer);

for await (const line of createInterface({ input: process.stdin })) {
  const [verb, first, second] = line.split(' ');
  if (verb === 'token') {
    const form = { grant_type: 'client_credentials', resource: first, scope: second };
    const token = await post('/token', form);
    console.log(JSON.parse(token).access_token ?? token);
  } else if (verb === 'revoke') {
    await post('/token/revocation', { token: first });
    console.log('revoked');
  } else if (verb === 'rotate') {
    generation += 1;
    answer = makeProvider(issuer, generation);
    console.log('rotated');
  }
}
process.exit();
