"""Pod networking: the CNI of the mode, BYOCNI, addresses."""
