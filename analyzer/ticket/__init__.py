"""What a support case needs, in archives that the portal takes.

``contents`` decides what goes in, ``evidence`` cuts and masks the cited members, ``pack`` makes
archives of a bounded size whose bytes depend on their content alone.
"""
