"""Reports: one frozen view of a diagnosis, and one function per format that writes it down.

``view.build_view`` decides what a page shows: it masks, cleans, sorts, counts and words. The
formats (``html``, ``markdown``, ``terminal``) only lay out; ``json`` writes the diagnosis itself.
"""
