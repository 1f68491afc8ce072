"""The courses that the demo adds beside the imported one: titles only, with short texts made from them."""

COURSES: dict[str, list[str]] = {
    "Statistics without fear": ["Describing data", "Chance", "Samples", "Estimates", "Tests", "Regression"],
    "Databases in practice": ["Tables", "Keys", "Queries", "Indexes", "Transactions", "Backups"],
    "Writing clearly": ["Readers", "Sentences", "Paragraphs", "Structure", "Revision"],
    "Networks from the wire up": ["Signals", "Packets", "Addresses", "Names", "Transport", "Security"],
    "A first course in ethics": ["Questions", "Consequences", "Duties", "Character", "Practice"],
}
PARTS = ("The idea", "An example", "A second example", "Where it breaks", "Practice", "In your own words")


def lesson_text(course: str, section: str, part: str) -> str:
    return (
        f"<p><strong>{section}</strong>, part of {course}: {part.lower()}.</p>"
        f"<p>This text stands in for a real lesson. Read it, then mark the lesson as done.</p>"
    )
