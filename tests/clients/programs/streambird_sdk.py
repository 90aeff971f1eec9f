"""Calls the WebAuthn endpoints with the SDK `streambird`, by its general request functions.

Environment variables: API, KEY.
"""

import asyncio
import os

from streambird import Client
from streambird.exceptions import StreambirdException

from answer import answer

API = Client(os.environ["KEY"], api_instance_url=os.environ["API"]).api


async def post(endpoint, content):
    return API.post_request(endpoint, content)


async def delete(endpoint):
    return API.delete_request(endpoint)


def describe(error):
    if isinstance(error, StreambirdException):
        return error.code, error.message
    return None, str(error)


asyncio.run(answer({"post": post, "delete": delete}, describe))
