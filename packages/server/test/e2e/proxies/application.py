"""Runs an application behind a proxy. Its WSGI server reads headers as CGI does: X_Auth_User and X-Auth-User are one variable.

It responds with the request as it was read, and the number of requests so far. It prints its port.
"""

import itertools
import json
import socketserver
import wsgiref.simple_server as simple


class Server(socketserver.ThreadingMixIn, simple.WSGIServer):
    daemon_threads = True


class Handler(simple.WSGIRequestHandler):
    def get_environ(self):
        return {**super().get_environ(), "target": self.path}

    def log_message(self, *_):
        pass


serial = itertools.count(1)


def application(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    seen = {
        "serial": next(serial),
        "method": environ["REQUEST_METHOD"],
        "target": environ["target"],
        "length": len(body),
        "variables": {name: value for name, value in environ.items() if name.startswith("HTTP_")},
    }
    text = json.dumps(seen).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
    return [text]


server = simple.make_server("127.0.0.1", 0, application, Server, Handler)
print(server.server_port, flush=True)
server.serve_forever()
