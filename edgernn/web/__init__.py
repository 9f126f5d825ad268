"""A page that runs a model file in the browser: its sources, and the site made of them."""

from edgernn.web.site import Site, write_site

__all__ = ["Site", "write_site"]
