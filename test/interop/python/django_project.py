"""The settings that the Django sites of the tests and benchmarks share."""

from django.conf import settings


def configure(root_urlconf, database):
    """Puts a site behind the middleware of asymmetric_jwt_auth. DATABASE is the path of an SQLite file."""
    settings.configure(
        SECRET_KEY="not used for signing here",
        ALLOWED_HOSTS=["127.0.0.1", "x"],
        ROOT_URLCONF=root_urlconf,
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "asymmetric_jwt_auth",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "asymmetric_jwt_auth.middleware.JWTAuthMiddleware",
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
    )
