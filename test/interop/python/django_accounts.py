"""A Django site with a custom user model: `django_accounts.py DATABASE EMAIL COMPANY PUBLIC_KEY`

Makes its tables, adds a user with a key, and prints the columns of the users' table as JSON.
"""

import json
import sys
import uuid

import django
from django.conf import settings
from django.core.management import call_command

database, email, company, text = sys.argv[1:]

settings.configure(
    SECRET_KEY="not used for signing here",
    AUTH_USER_MODEL="accounts.Account",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "accounts", "asymmetric_jwt_auth"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
)
django.setup()

from accounts.models import Account  # noqa: E402
from asymmetric_jwt_auth.models import PublicKey  # noqa: E402

call_command("migrate", verbosity=0)
account = Account(number=uuid.uuid4(), email=email, company=company)
account.set_unusable_password()
account.save()
key = PublicKey(user=account, key=text)
key.full_clean()
key.save()
print(json.dumps(sorted(field.column for field in Account._meta.local_fields)))
