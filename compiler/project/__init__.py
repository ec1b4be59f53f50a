"""Board projects and bitstreams, one file a tool."""
