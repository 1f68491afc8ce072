"""What browsers tell about pages, in the past tense. Arguments beside `sender` in the comments.

`page` is one of pages.vitals.PAGES or "other"; nothing here says whose browser it was.
"""

from django.dispatch import Signal

page_measured = Signal()  # page, vitals (name → value, in the units of pages.vitals.VITALS)
page_failed = Signal()  # page, failure (pages.vitals.Failure)
beacon_answered = Signal()  # outcome: one of pages.vitals.OUTCOMES
