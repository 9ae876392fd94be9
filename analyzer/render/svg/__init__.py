"""Pictures as plain geometry: these modules place, the templates draw."""
