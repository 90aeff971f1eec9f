"""Signs up and in with auth0-server-python, which verifies the id token's signature and keeps a session.

Environment variables: DOMAIN, CLIENT_ID, CLIENT_SECRET.
"""

import asyncio
import os

from auth0_server_python.auth_server.server_client import ServerClient
from auth0_server_python.auth_types import PasskeyAuthResponse, PasskeyUserProfile
from auth0_server_python.store.abstract import StateStore, TransactionStore

from answer import answer


class Kept:
    """The common base of both stores: values in memory."""

    def __init__(self):
        self.kept = {}

    async def set(self, identifier, state, remove_if_expires=False, options=None):
        self.kept[identifier] = state

    async def get(self, identifier, options=None):
        return self.kept.get(identifier)

    async def delete(self, identifier, options=None):
        self.kept.pop(identifier, None)


class KeptState(Kept, StateStore):
    pass


class KeptTransactions(Kept, TransactionStore):
    pass


CLIENT = ServerClient(
    domain=os.environ["DOMAIN"],
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    secret="a secret for the session's cookie, long enough",
    redirect_uri="https://app.example.com/callback",
    state_store=KeptState(),
    transaction_store=KeptTransactions(),
)


def challenge(challenge_response):
    options = challenge_response.authn_params_public_key.model_dump(by_alias=True, exclude_none=True)
    return {"session": challenge_response.auth_session, "options": options}


async def sign_up(email, name):
    return challenge(await CLIENT.passkey_signup_challenge(PasskeyUserProfile(email=email, name=name)))


async def sign_in():
    return challenge(await CLIENT.passkey_login_challenge())


async def finish(session, credential):
    signed = await CLIENT.signin_with_passkey(
        session,
        PasskeyAuthResponse.model_validate(credential),
        scope="openid profile email offline_access",
    )
    state = signed.state_data
    token = state["token_sets"][0]
    return {
        "user": state["user"],
        "accessToken": token["access_token"],
        "refreshToken": state["refresh_token"],
        "idToken": state["id_token"],
        "scope": token["scope"],
    }


calls = {"signUp": sign_up, "signIn": sign_in, "finish": finish}
asyncio.run(answer(calls, lambda error: (getattr(error, "code", None), str(error))))
