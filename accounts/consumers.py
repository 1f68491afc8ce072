"""What the outbox carries out for accounts."""

from accounts import mail
from outbox.services import consumer

consumer(mail.TOPIC_MAIL)(mail.send)
consumer(mail.TOPIC_WELCOME)(mail.send_welcome)
