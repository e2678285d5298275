"""The check of asymmetric_jwt_auth 0.3.1: `verify_0_3_1.py TOKEN PUBLIC_KEY`. Prints the claims, or false."""

import json
import sys

from asymmetric_jwt_auth.token import verify

token, public_key = sys.argv[1:]
print(json.dumps(verify(token, public_key, validate_nonce=lambda username, time, nonce: True)))
