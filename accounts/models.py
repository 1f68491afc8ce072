"""People: e-mail login, a public id, a role."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac


class Role(models.TextChoices):
    STUDENT = "student", "Student"
    INSTRUCTOR = "instructor", "Instructor"
    ADMIN = "admin", "Admin"


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Raises ValueError without an e-mail address."""
        if not email:
            raise ValueError("a user needs an e-mail address")
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """An admin whose address counts as verified: who may run this command needs no proof by mail."""
        with transaction.atomic(using=self._db):
            user = self.create_user(email, password, is_superuser=True, role=Role.ADMIN, **fields)
            user.trust_address()
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person. `public_id` is the only id that leaves the system."""

    email = models.EmailField(unique=True)
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=150, blank=True)
    role = models.CharField(max_length=20, choices=Role, default=Role.STUDENT)
    time_zone = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="Of the IANA database; empty: the site's."
    )
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)
    last_activity_at = models.DateTimeField(null=True, blank=True, editable=False, db_index=True)
    session_generation = models.PositiveIntegerField(
        default=0, editable=False, help_text="Raising it ends every session of this person."
    )

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="accounts_user_email_ci"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="accounts_user_role_known"),
            models.CheckConstraint(
                condition=models.Q(is_superuser=False) | models.Q(role=Role.ADMIN), name="accounts_superuser_is_admin"
            ),
        ]

    def __str__(self) -> str:
        return str(self.public_id)

    def trust_address(self) -> None:
        """Count the address as verified, for somebody who vouches for it."""
        from allauth.account.models import EmailAddress  # allauth's models need this one first

        EmailAddress.objects.create(user=self, email=self.email, verified=True, primary=True)

    @property
    def is_staff(self) -> bool:
        """Who may open the Django admin."""
        return self.is_active and self.role == Role.ADMIN

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return self.is_staff or super().has_perm(perm, obj)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff or super().has_module_perms(app_label)

    def _get_session_auth_hash(self, secret: Any = None) -> str:
        """Sessions live as long as this value: a new password, role or generation ends all of them at once."""
        value = f"{self.password}:{self.role}:{self.session_generation}"
        return salted_hmac("accounts.User.session", value, secret=secret, algorithm="sha256").hexdigest()

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name


class ServiceToken(models.Model):
    """A machine client's way in, for its owner and within scopes (accounts.service_tokens)."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=100, help_text="What it is for.")
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="service_tokens")
    scopes = models.JSONField(default=list)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="True to five minutes.")
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name
