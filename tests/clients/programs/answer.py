"""The child process of support/client.mjs: answers calls one after another until its input ends."""

import json
import sys


async def answer(calls, describe):
    """`calls` has the functions by name; `describe` returns `(code, message)` of an error."""
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = {"answer": await calls[request["call"]](**request["with"])}
        except Exception as error:  # the tests check every error of the client
            code, message = describe(error)
            reply = {"error": {"name": type(error).__name__, "code": code, "message": message}}
        print(json.dumps(reply), flush=True)
