"""A Django site with asymmetric_jwt_auth, administered while it runs: `django_site.py DATABASE MIGRATION`

DATABASE is JSON for Django's DATABASES; MIGRATION is the last migration of the package to apply, or - for all. Prints one line of JSON
when it is listening; then reads lines of JSON, [function, arguments…], and responds to each with a line of JSON.
"""

import io
import json
import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import re_path

database, migration = sys.argv[1:]

settings.configure(
    SECRET_KEY="not used for signing here",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "asymmetric_jwt_auth"],
    MIDDLEWARE=["asymmetric_jwt_auth.middleware.JWTAuthMiddleware"],
    DATABASES={"default": json.loads(database)},
)
application = get_wsgi_application()

from asymmetric_jwt_auth.models import JWKSEndpointTrust, PublicKey  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.db import connection  # noqa: E402


def whoami(request):
    user = getattr(request, "user", None)
    return JsonResponse({"username": user and user.username}, status=200 if user else 401)


urlpatterns = [re_path("", whoami)]


def add_user(username):
    """Runs a management command; its output must not mix with the responses."""
    email = f"{username}@example.com"
    call_command("createsuperuser", interactive=False, username=username, email=email, stdout=io.StringIO())


def add_key(username, text):
    """Adds a key as Django's admin does: the model's validators run first."""
    key = PublicKey(user=User.objects.get(username=username), key=text)
    key.full_clean()
    key.save()
    return key.pk


def add_key_unchecked(username, text):
    """Adds a key without validators; this also works on tables of older versions."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO asymmetric_jwt_auth_publickey (user_id, key, comment) VALUES (%s, %s, '')",
            [User.objects.get(username=username).pk, text],
        )


def add_trust(username, url):
    trust = JWKSEndpointTrust(user=User.objects.get(username=username), jwks_url=url)
    trust.full_clean()
    trust.save()


def add_trust_unchecked(username, url):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO asymmetric_jwt_auth_jwksendpointtrust (user_id, jwks_url) VALUES (%s, %s)",
            [User.objects.get(username=username).pk, url],
        )


def set_active(username, active):
    User.objects.filter(username=username).update(is_active=active)


def remove_key(pk):
    PublicKey.objects.get(pk=pk).delete()


def last_used(username):
    """Returns the time of last use of each key and JWK set, in seconds since the epoch."""
    keys = PublicKey.objects.filter(user__username=username).order_by("pk")
    trusts = JWKSEndpointTrust.objects.filter(user__username=username)
    seconds = [[one.last_used_on and one.last_used_on.timestamp() for one in rows] for rows in (keys, trusts)]
    return {"keys": seconds[0], "trusts": seconds[1]}


def tables():
    """Returns the tables from SQLite's schema."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sql FROM sqlite_master WHERE type = 'table' AND name IN"
            " ('auth_user', 'asymmetric_jwt_auth_publickey', 'asymmetric_jwt_auth_jwksendpointtrust') ORDER BY name"
        )
        return [sql for (sql,) in cursor.fetchall()]


COMMANDS = [add_user, add_key, add_key_unchecked, add_trust, add_trust_unchecked, set_active, remove_key, last_used, tables]
commands = {command.__name__: command for command in COMMANDS}


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *_):
        pass


if migration == "-":
    call_command("migrate", verbosity=0)
else:
    call_command("migrate", "auth", verbosity=0)
    call_command("migrate", "asymmetric_jwt_auth", migration, verbosity=0)
with make_server("127.0.0.1", 0, application, handler_class=QuietHandler) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}"}), flush=True)
    for line in sys.stdin:
        word, *arguments = json.loads(line)
        print(json.dumps(commands[word](*arguments)), flush=True)
