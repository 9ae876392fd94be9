"""What ``docs/performance.md`` reports: ratios taken in one run on one machine."""
