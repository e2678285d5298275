"""Signs with PyJWT: `pyjwt_sign.py ALG PRIVATE_KEY CLAIMS`. Prints the token."""

import json
import pathlib
import sys

import jwt

alg, key_file, claims = sys.argv[1:]
print(jwt.encode(json.loads(claims), pathlib.Path(key_file).read_text(), algorithm=alg))
