"""Workers die at random while they count and are scraped: no count goes back, no scrape fails, files stay bounded."""

import bench.chaos


def test_counters_are_monotonic_over_kill_nine():
    result = bench.chaos.run(seconds=6, every=0.2)
    assert result.failed_scrapes == []
    assert result.backwards == []
    assert result.scrapes >= 20
    assert result.kills >= 10
    assert result.lost <= result.kills
    assert result.slots <= result.processes + bench.chaos.SPARE
