"""One signed GET request: python3 signed_get.py USERNAME KEYFILE URL. Needs `PyJWT`, `cryptography` and `requests`."""

import secrets
import sys
import time
from pathlib import Path

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key


def authorization(username, key):
    """Makes the value of the Authorization header. It is valid for one request, within 20 seconds."""
    alg = "RS512" if isinstance(key, RSAPrivateKey) else "EdDSA"
    claims = {"username": username, "time": int(time.time()), "nonce": secrets.token_urlsafe(16)}
    return f"JWT {jwt.encode(claims, key, alg)}"


def main(username, key_file, url):
    def sign(request):
        request.headers["Authorization"] = authorization(username, key)
        return request

    step = key_file
    try:
        key = load_pem_private_key(Path(key_file).read_bytes(), password=None)
        authorization(username, key)  # fails if the key cannot sign
        step = url
        # Don't send the token to another server.
        response = requests.get(url, auth=sign, timeout=30, allow_redirects=False)
        sys.stdout.buffer.write(response.content)
        response.raise_for_status()
    except (OSError, TypeError, ValueError, jwt.PyJWTError) as error:
        sys.exit(f"signed_get: {step}: {error}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: signed_get.py USERNAME KEYFILE URL")
    main(*sys.argv[1:])
