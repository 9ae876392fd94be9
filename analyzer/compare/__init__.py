"""Two states of one cluster against each other: what appeared, went, changed, moved.

``snapshot`` keeps of each side what is compared; ``compare`` gives a :class:`Difference`.
"""
