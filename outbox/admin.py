"""Read-only view of the outbox, with a way to try given-up messages again."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from outbox import services
from outbox.models import Message


@admin.register(Message)
class MessageAdmin(admin.ModelAdmin):
    list_display = ["topic", "key", "created_at", "attempts", "last_error", "delivered_at", "failed_at"]
    list_filter = ["topic", ("delivered_at", admin.EmptyFieldListFilter), ("failed_at", admin.EmptyFieldListFilter)]
    search_fields = ["key"]
    exclude = ["payload"]  # may carry a verification link
    actions = ["try_again"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        return False

    @admin.action(description="Try given-up messages again", permissions=["view"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        count = services.try_again(messages=queryset)
        self.message_user(request, f"{count} messages will be tried again.")
