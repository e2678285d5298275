"""A client that signs the same claims as 0.3.1, but uses a current PyJWT: `client_like_0_3_1.py USERNAME PRIVATE_KEY URL…`"""

import pathlib
import random
import sys
import time

import jwt

from send import send_to_each

username, key_file, *urls = sys.argv[1:]
claims = {"username": username, "time": time.time(), "nonce": random.random()}
token = jwt.encode(claims, pathlib.Path(key_file).read_text(), algorithm="RS512")
send_to_each(urls, f"JWT {token}")
