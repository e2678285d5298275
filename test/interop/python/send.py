"""Sends the token of a client."""

import json
import urllib.error
import urllib.request


def send_to_each(urls, authorization):
    """Sends the same header to several URLs in turn, and prints the responses as JSON."""
    print(json.dumps([send(url, authorization) for url in urls]))


def send(url, authorization):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, headers={"Authorization": authorization})
    try:
        response = opener.open(request)
    except urllib.error.HTTPError as refusal:
        response = refusal
    with response:
        return {
            "status": response.status,
            "user": response.headers["X-Auth-User"],
            "challenge": response.headers["WWW-Authenticate"],
            "body": response.read().decode(),
        }
