"""The other half of support/client.mjs: answers one call after the other until there are no more."""

import json
import sys


async def answer(calls, describe):
    """`calls` names what can be called; `describe` makes `(code, message)` of an error."""
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            reply = {"answer": await calls[asked["call"]](**asked["with"])}
        except Exception as error:  # whatever the client raises is what the test asks about
            code, message = describe(error)
            reply = {"error": {"name": type(error).__name__, "code": code, "message": message}}
        print(json.dumps(reply), flush=True)
