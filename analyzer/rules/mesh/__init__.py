"""Service meshes."""
