// Signs up and in with @auth0/auth0-auth-js. Environment variables: DOMAIN, CLIENT_ID, CLIENT_SECRET.

import { AuthClient } from "@auth0/auth0-auth-js";
import { answer } from "./answer.mjs";

const { DOMAIN: domain, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret } = process.env;
const client = new AuthClient({ domain, clientId, clientSecret });

const challenge = ({ authSession, authnParamsPublicKey }) => ({ session: authSession, options: authnParamsPublicKey });

await answer({
  signUp: async ({ email, name }) => challenge(await client.passkey.register({ email, name })),
  signIn: async () => challenge(await client.passkey.challenge()),
  finish: async ({ session, credential }) => {
    const scope = "openid profile email offline_access";
    const tokens = await client.passkey.getTokenByPasskey({ authSession: session, credential, scope });
    const { accessToken, refreshToken, idToken, claims, scope: granted } = tokens;
    return { user: claims, accessToken, refreshToken, idToken, scope: granted };
  },
}, ({ name, code, message, cause }) => ({ name, code: cause?.error ?? code, message }));
