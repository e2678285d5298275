"""A Django site behind the middleware of asymmetric_jwt_auth: `django_server.py USERS DATABASE`

USERS is a file of JSON, {"username": "public key"}. Prints one line of JSON when it is listening: its URL,
and the fingerprint of each key in the package, or null if the package does not accept the key.
"""

import json
import pathlib
import sys
from wsgiref.simple_server import make_server

import django_project
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import re_path

users_file, database = sys.argv[1:]

django_project.configure(__name__, database)
application = get_wsgi_application()


def whoami(request):
    """The middleware does not refuse requests: it leaves them anonymous, and the view decides."""
    if not request.user.is_authenticated:
        return JsonResponse({}, status=401)
    return JsonResponse({"username": request.user.username})


urlpatterns = [re_path("", whoami)]


def register(username, text):
    """Adds a key as Django's admin does: the model's validators run first."""
    from asymmetric_jwt_auth.models import PublicKey
    from django.contrib.auth.models import User
    from django.core.exceptions import ValidationError

    key = PublicKey(user=User.objects.create(username=username), key=text)
    try:
        key.full_clean()
    except ValidationError:
        return None
    key.save()
    return key.get_key().fingerprint


call_command("migrate", verbosity=0)
users = json.loads(pathlib.Path(users_file).read_text())
fingerprints = {username: register(username, text) for username, text in users.items()}
with make_server("127.0.0.1", 0, application) as server:
    print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}", "fingerprints": fingerprints}), flush=True)
    server.serve_forever()
