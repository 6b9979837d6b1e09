"""Rows of exports, rendered anew from canonical bytes and opening keys."""
