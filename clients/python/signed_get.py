"""One signed GET request: python3 signed_get.py USERNAME KEYFILE URL. Needs the package `cryptography`."""

import base64
import hashlib
import json
import secrets
import sys
import time
import urllib.error
import urllib.request

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def authorization(username, key):
    """The value of the header Authorization: it is good for one request, and for 20 seconds."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        alg, signing = "EdDSA", ()
    elif isinstance(key, rsa.RSAPrivateKey):
        alg, signing = "RS512", (padding.PKCS1v15(), hashes.SHA512())
    else:
        raise ValueError("the key is neither RSA nor Ed25519")
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    public_key = key.public_key().public_bytes(serialization.Encoding.PEM, spki)
    header = {"alg": alg, "typ": "JWT", "kid": hashlib.sha256(public_key).hexdigest()}
    claims = {"username": username, "time": int(time.time()), "nonce": secrets.token_urlsafe(16)}
    signing_input = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    return f"JWT {signing_input}.{base64url(key.sign(signing_input.encode(), *signing))}"


class NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        """A redirect would be sent the same token, wherever it leads."""


def main(username, key_file, url):
    try:
        with open(key_file, "rb") as file:
            key = serialization.load_pem_private_key(file.read(), password=None)
        request = urllib.request.Request(url, headers={"Authorization": authorization(username, key)})
    except (OSError, TypeError, ValueError, UnsupportedAlgorithm) as error:
        sys.exit(f"signed_get: {key_file}: {error}")
    try:
        response = urllib.request.build_opener(NoRedirects).open(request, timeout=30)
    except urllib.error.HTTPError as refusal:
        response = refusal
    except OSError as error:
        sys.exit(f"signed_get: {url}: {error}")
    with response:
        sys.stdout.buffer.write(response.read())
    if response.status >= 400:
        sys.exit(f"signed_get: {url}: status {response.status}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: signed_get.py USERNAME KEYFILE URL")
    main(*sys.argv[1:])
