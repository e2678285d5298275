"""A Django site behind the middleware of asymmetric_jwt_auth, for a WSGI server. AJWT_USERS is a folder with the public key of each
user in USERNAME.pub, and AJWT_DATABASE the path of a new SQLite database.
"""

import os
import pathlib

import django_project
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import re_path

django_project.configure(__name__, os.environ["AJWT_DATABASE"])
application = get_wsgi_application()


def empty(request):
    """The middleware does not refuse requests: it leaves them anonymous, and the view decides."""
    return HttpResponse(status=200 if request.user.is_authenticated else 401, headers={"Content-Length": "0"})


urlpatterns = [re_path("", empty)]


def register():
    from asymmetric_jwt_auth.models import PublicKey
    from django.contrib.auth.models import User

    for file in pathlib.Path(os.environ["AJWT_USERS"]).glob("*.pub"):
        PublicKey.objects.create(user=User.objects.create(username=file.stem), key=file.read_text())


call_command("migrate", verbosity=0)
register()
