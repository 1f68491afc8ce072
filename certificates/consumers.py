"""What the outbox carries out for certificates."""

from certificates import mail, rendering, topics
from outbox.services import consumer

consumer(topics.RENDER)(rendering.store_pdf)
consumer(topics.MAIL)(mail.send)
