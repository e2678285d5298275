"""The client of asymmetric_jwt_auth 1.3.0: `client_1_3_0.py USERNAME PRIVATE_KEY URL…`"""

import sys

from asymmetric_jwt_auth.keys import PrivateKey
from asymmetric_jwt_auth.tokens import Token
from django.conf import settings

from send import send_to_each

username, key_file, *urls = sys.argv[1:]
settings.configure()
key = PrivateKey.load_pem_from_file(key_file)
send_to_each(urls, Token(username).create_auth_header(key))
