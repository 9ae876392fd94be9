"""The vocabulary: severity, owner, subject, evidence, finding, gap, diagnosis. A leaf.

Every stage speaks these words, and no module here imports any other stage.
"""
