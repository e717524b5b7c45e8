"""A plugin for Tutor: a site whose application fails shows a 50x page."""
