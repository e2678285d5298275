"""Verifies with PyJWT: `pyjwt_verify.py ALG PUBLIC_KEY TOKEN`. Prints header and claims as JSON."""

import json
import sys

import jwt

alg, public_key, token = sys.argv[1:]
verified = jwt.decode_complete(token, public_key, algorithms=[alg])
print(json.dumps({"header": verified["header"], "claims": verified["payload"]}))
