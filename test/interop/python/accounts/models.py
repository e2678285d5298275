"""A custom user model: the username is the email address, and users cannot be deactivated."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import models


class Account(AbstractBaseUser):
    number = models.UUIDField(primary_key=True)
    email = models.EmailField(unique=True)
    company = models.CharField(max_length=100)

    USERNAME_FIELD = "email"
