// Signs up and in with @auth0/auth0-server-js, which keeps a session. Environment variables: DOMAIN,
// CLIENT_ID, CLIENT_SECRET.

import { ServerClient } from "@auth0/auth0-server-js";
import { answer } from "./answer.mjs";

/** The store that the client requires of its application. */
class Kept {
  #kept = new Map();

  async set(name, value) {
    this.#kept.set(name, value);
  }

  async get(name) {
    return this.#kept.get(name);
  }

  async delete(name) {
    this.#kept.delete(name);
  }

  async deleteByLogoutToken() {
    throw new Error("logout is not supported here");
  }
}

const { DOMAIN: domain, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret } = process.env;
const stores = { stateStore: new Kept(), transactionStore: new Kept() };
const client = new ServerClient({ domain, clientId, clientSecret, ...stores });

const challenge = ({ authSession, authnParamsPublicKey }) => ({ session: authSession, options: authnParamsPublicKey });

await answer({
  signUp: async ({ email, name }) => challenge(await client.passkey.register({ email, name })),
  signIn: async () => challenge(await client.passkey.challenge()),
  finish: async ({ session, credential }) => {
    await client.passkey.getToken({ authSession: session, credential });
    const { user, idToken, refreshToken, tokenSets } = await client.getSession();
    const { accessToken, scope } = tokenSets[0];
    return { user, accessToken, refreshToken, idToken, scope };
  },
}, ({ name, code, message, cause }) => ({ name, code: cause?.error ?? code, message }));
