"""sold: an article was sold. Arguments: kind."""

from django.dispatch import Signal

sold = Signal()
