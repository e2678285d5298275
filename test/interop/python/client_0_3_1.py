"""The client of asymmetric_jwt_auth 0.3.1: `client_0_3_1.py USERNAME PRIVATE_KEY URL…`"""

import sys

from asymmetric_jwt_auth import create_auth_header

from send import send_to_each

username, key_file, *urls = sys.argv[1:]
send_to_each(urls, create_auth_header(username, key_file=key_file))
