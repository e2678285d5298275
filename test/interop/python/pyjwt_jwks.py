"""Verifies with PyJWT and a JWK set: `pyjwt_jwks.py ALG URL TOKEN`. Prints the claims as JSON."""

import json
import sys

import jwt

alg, url, token = sys.argv[1:]
key = jwt.PyJWKClient(url).get_signing_key_from_jwt(token)
print(json.dumps(jwt.decode(token, key.key, algorithms=[alg])))
