"""The child process of support/client.mjs: answers calls one after another until its input ends."""

import json
import sys


async def answer(calls, describe):
    """`calls` has the functions by name; `describe` returns `(code, message)` of an error."""
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            reply = {"answer": await calls[asked["call"]](**asked["with"])}
        except Exception as error:  # the tests check every error of the client
            code, message = describe(error)
            reply = {"error": {"name": type(error).__name__, "code": code, "message": message}}
        print(json.dumps(reply), flush=True)
