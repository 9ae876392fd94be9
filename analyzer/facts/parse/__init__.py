"""One format per file: bytes or text of a member to typed values."""
