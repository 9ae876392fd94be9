"""Changes behind AKS's back in the node resource group: scale sets, extensions, NSGs, power."""
