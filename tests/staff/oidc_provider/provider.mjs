/*
 * A real OpenID Connect provider (npm `oidc-provider`) whose person is a script: `/as/<subject>` says who signs in from now on, `/as/nobody`
 * that whoever comes declines. Exists so that our side is tested against somebody else's reading of the specification.
 *
 *     node provider.mjs PORT CLIENT_ID CLIENT_SECRET REDIRECT_URI
 */
import { createServer } from "node:http";
import { generateKeyPairSync } from "node:crypto";
import Provider from "oidc-provider";

const [port, clientId, clientSecret, redirectUri] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
let who = "nobody";

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: clientId,
      client_secret: clientSecret,
      redirect_uris: [redirectUri],
      id_token_signed_response_alg: "ES256",
    },
  ],
  claims: { openid: ["sub"], profile: ["name"], email: ["email"] },
  conformIdTokenClaims: false,
  cookies: { keys: ["only for tests"] },
  features: { devInteractions: { enabled: false } },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name: "Somebody", email: `${id}@example.org` }) }),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: "first", use: "sig", alg: "ES256" }] },
  pkce: { required: () => true },
});

async function interact(request, response) {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (who === "nobody") {
    return provider.interactionFinished(request, response, { error: "access_denied", error_description: "declined" });
  }
  if (prompt.name === "login") return provider.interactionFinished(request, response, { login: { accountId: who } });
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
}

const handle = provider.callback();
createServer((request, response) => {
  if (request.url.startsWith("/as/")) {
    who = decodeURIComponent(request.url.slice("/as/".length));
    response.end();
  } else if (request.url.startsWith("/interaction/")) {
    interact(request, response).catch((error) => {
      response.statusCode = 500;
      response.end(String(error));
    });
  } else {
    handle(request, response);
  }
}).listen(Number(port), "127.0.0.1", () => console.log("ready"));
